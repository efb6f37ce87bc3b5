import { useState } from "react";
import type { Checkpoint, Kind, KindOfCheckpoint } from "../api/types";
import { blank, checkpointOf, kindOf, type Form } from "./form";
import { fromNote } from "./strength";
import { storedCount } from "./storedCount";
import type { Target } from "./target";

export interface FormState {
  form: Form;
  /** Sets some fields. */
  change(part: Partial<Form>): void;
  /** Sets all fields. */
  replace(form: Form): void;
  /** The checkpoint and its kind that the form selects. */
  checkpoint: Checkpoint;
  kindName: Kind;
  kind: KindOfCheckpoint;
}

/**
 * The settings of the panel.
 *
 * A frame remembers kind and strength of its last use, for everybody. They are read when another target is chosen, and
 * only then: what others set meanwhile must not move this page's slider. checkpoints: at least one.
 */
export function useForm(checkpoints: readonly Checkpoint[], target: Target | null): FormState {
  const [form, setForm] = useState<Form>(() => ({ ...blank, count: storedCount() }));
  const [targetId, setTargetId] = useState<string | null>(null);
  const change = (part: Partial<Form>) => setForm((before) => ({ ...before, ...part }));
  if (targetId !== (target?.id ?? "")) {
    setTargetId(target?.id ?? "");
    if (target?.shape === "frame") change({ kind: target.kind ?? form.kind, position: fromNote(target.strength), numbers: {} });
  }
  const checkpoint = checkpointOf(form, checkpoints)!;
  const kindName = kindOf(form, checkpoint);
  return { form, change, replace: setForm, checkpoint, kindName, kind: checkpoint.kinds[kindName]! };
}
