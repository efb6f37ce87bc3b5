import type { Checkpoint, Kind, KindOfCheckpoint, NumberParam, Params } from "../api/types";
import { balanced, strengthParams } from "./strength";

/** What one person has set in the panel; null means the checkpoint's own choice. */
export interface Form {
  checkpoint: string | null;
  kind: Kind | null;
  position: number;
  negative: string;
  /** Kept while `seedLocked`; otherwise the server draws one for each picture. */
  seed: number | null;
  seedLocked: boolean;
  count: number;
  placement: "beside" | "inside";
  numbers: Partial<Record<NumberParam, number>>;
}

export const blank: Form = {
  checkpoint: null,
  kind: null,
  position: balanced,
  negative: "",
  seed: null,
  seedLocked: false,
  count: 1,
  placement: "beside",
  numbers: {},
};

export const kind_words: Record<Kind, string> = {
  img2img: "Sketch to picture",
  pix2pix: "Edit by instruction",
  txt2img: "Words only",
};

export const kind_hints: Record<Kind, string> = {
  img2img: "Paints what you drew, guided by your words.",
  pix2pix: "Changes what is there as you tell it, for example “make it night”.",
  txt2img: "Ignores the sketch, paints the words.",
};

export const largest_seed = 2 ** 32 - 1;

export function checkpointOf(form: Form, checkpoints: readonly Checkpoint[]): Checkpoint | undefined {
  return (
    checkpoints.find(({ name }) => name === form.checkpoint) ??
    checkpoints.find((checkpoint) => checkpoint.default) ??
    checkpoints[0]
  );
}

/** The kind in force: the chosen one where the checkpoint has it, else the checkpoint's own. */
export function kindOf(form: Form, checkpoint: Checkpoint): Kind {
  return form.kind && checkpoint.kinds[form.kind] ? form.kind : checkpoint.default_kind;
}

/** A number as it will be sent: what was typed, else what the strength says, else the checkpoint's default. */
export function numberOf(form: Form, kind: KindOfCheckpoint, name: NumberParam): number | undefined {
  return form.numbers[name] ?? strengthParams(form.position, kind)[name] ?? kind.defaults[name];
}

const numbers: readonly NumberParam[] = ["strength", "guidance_scale", "image_guidance_scale", "steps"];

/** The request: only what this kind of this checkpoint heeds, as others would be refused. */
export function paramsOf(form: Form, checkpoint: Checkpoint, prompt: string): Params {
  const name = kindOf(form, checkpoint);
  const kind = checkpoint.kinds[name]!;
  const params: Params = { kind: name, checkpoint: checkpoint.name, prompt: prompt.trim(), count: form.count, seed: form.seedLocked ? form.seed : null };
  if (kind.uses.includes("negative_prompt") && form.negative.trim()) params.negative_prompt = form.negative.trim();
  for (const param of numbers) {
    const value = kind.uses.includes(param) ? numberOf(form, kind, param) : undefined;
    if (value !== undefined) params[param] = value;
  }
  return params;
}

export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
