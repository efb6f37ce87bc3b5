import { lazy, Suspense } from "react";
import type { Checkpoint, Style } from "../api/types";
import { keepsLines, withKind } from "./form";
import { KindChoice } from "./KindChoice";
import { hasStrength, withoutStrength } from "./strength";
import { StrengthSlider } from "./StrengthSlider";
import type { FormState } from "./useForm";

const StyleRow = lazy(() => import("./StyleRow"));

/** The settings between prompt and button: kind, strength, style and switches, as far as the checkpoint has them. */
export function Options({ state, checkpoints }: { state: FormState; checkpoints: readonly Checkpoint[] }) {
  const { form, change, checkpoint, kindName, kind } = state;
  const styles: readonly Style[] = kind.uses.includes("style") ? checkpoint.styles : [];
  const lines = keepsLines(form, kind);
  return (
    <>
      <KindChoice checkpoint={checkpoint} checkpoints={checkpoints} chosen={kindName} onChoose={(next) => change(withKind(next, checkpoint, checkpoints))} />
      {hasStrength(kind) && <StrengthSlider position={form.position} onChange={(position) => change({ position, numbers: withoutStrength(form.numbers) })} />}
      {styles.length > 0 && (
        <Suspense>
          <StyleRow styles={styles} chosen={form.style} onChoose={(style) => change({ style })} />
        </Suspense>
      )}
      {lines !== null && (
        <label className="switch" title="Lays your lines over the picture.">
          <input type="checkbox" checked={lines} onChange={(event) => change({ keepLines: event.target.checked })} /> Keep my lines
        </label>
      )}
      {kind.draft_steps && (
        <label className="switch" title="Fewer steps: rougher, but faster. You can make a draft final later.">
          <input type="checkbox" checked={form.draft} onChange={(event) => change({ draft: event.target.checked })} /> Draft first
        </label>
      )}
    </>
  );
}
