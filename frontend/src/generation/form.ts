import type { Checkpoint, Kind, KindOfCheckpoint, NumberParam, Params, Region } from "../api/types";
import { longestParams, type Size } from "./sizes";
import { balanced, strengthParams } from "./strength";

/** The settings of the panel; null is the checkpoint's default. */
export interface Form {
  checkpoint: string | null;
  kind: Kind | null;
  position: number;
  negative: string;
  /** Sent while `seedLocked`; otherwise the server draws a seed for each picture. */
  seed: number | null;
  seedLocked: boolean;
  count: number;
  placement: "beside" | "inside";
  numbers: Partial<Record<NumberParam, number>>;
  style: string | null;
  draft: boolean;
  keepLines: boolean | null;
  tidyColours: boolean | null;
  /** null: the shape of the frame. */
  size: Size | null;
  /** The longer side in px; null: as usual for the checkpoint. */
  longest: number | null;
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
  style: null,
  draft: false,
  keepLines: null,
  tidyColours: null,
  size: null,
  longest: null,
};

export const largest_seed = 2 ** 32 - 1;

export function checkpointOf(form: Form, checkpoints: readonly Checkpoint[]): Checkpoint | undefined {
  return (
    checkpoints.find(({ name }) => name === form.checkpoint) ??
    checkpoints.find((checkpoint) => checkpoint.default) ??
    checkpoints[0]
  );
}

/** The chosen kind if the checkpoint makes it, else the checkpoint's default kind. */
export function kindOf(form: Form, checkpoint: Checkpoint): Kind {
  return form.kind && Object.hasOwn(checkpoint.kinds, form.kind) ? form.kind : checkpoint.default_kind;
}

export interface OfferedKind {
  name: Kind;
  kind: KindOfCheckpoint;
}

/** Kinds to choose from: the checkpoint's own and those that another one here makes, in one order whatever is chosen. */
export function kindsOffered(checkpoint: Checkpoint, checkpoints: readonly Checkpoint[]): OfferedKind[] {
  return orderOfKinds(checkpoints).flatMap((name) => {
    const maker = makerOf(name, checkpoint, checkpoints);
    return maker ? [{ name, kind: maker.kinds[name]! }] : [];
  });
}

/** All kinds, each list's order kept: one that is missing goes before the next of its list that is there. */
function orderOfKinds(checkpoints: readonly Checkpoint[]): Kind[] {
  const order: Kind[] = [];
  for (const { kinds } of checkpoints) {
    let next = order.length;
    for (const name of Object.keys(kinds).reverse()) {
      if (!order.includes(name)) order.splice(next, 0, name);
      next = order.indexOf(name);
    }
  }
  return order;
}

/** The checkpoint that makes a kind: this one if it can, else the default or first other one that works. */
function makerOf(name: Kind, checkpoint: Checkpoint, checkpoints: readonly Checkpoint[]): Checkpoint | undefined {
  if (Object.hasOwn(checkpoint.kinds, name)) return checkpoint;
  const able = checkpoints.filter(({ kinds, status }) => Object.hasOwn(kinds, name) && status !== "failed");
  return able.find((each) => each.default) ?? able[0];
}

/** Chooses a kind, with another checkpoint where this one does not make it. */
export function withKind(name: Kind, checkpoint: Checkpoint, checkpoints: readonly Checkpoint[]): Partial<Form> {
  if (Object.hasOwn(checkpoint.kinds, name)) return { kind: name, numbers: {} };
  return { kind: name, numbers: {}, checkpoint: makerOf(name, checkpoint, checkpoints)?.name ?? null };
}

/** A number as it will be sent: as typed, else by the strength slider, else the checkpoint's default. */
export function numberOf(form: Form, kind: KindOfCheckpoint, name: NumberParam): number | undefined {
  return form.numbers[name] ?? strengthParams(form.position, kind)[name] ?? kind.defaults[name];
}

const numbers: readonly NumberParam[] = ["strength", "guidance_scale", "image_guidance_scale", "steps"];

/**
 * The params of a request: only those that this kind of this checkpoint uses, as others are refused.
 *
 * region: of the sketch, which says which side is the longer one.
 */
export function paramsOf(form: Form, checkpoint: Checkpoint, prompt: string, region?: Region): Params {
  const name = kindOf(form, checkpoint);
  const kind = checkpoint.kinds[name]!;
  const params: Params = { kind: name, checkpoint: checkpoint.name, prompt: prompt.trim(), count: form.count, seed: form.seedLocked ? form.seed : null };
  if (kind.uses.includes("negative_prompt") && form.negative.trim()) params.negative_prompt = form.negative.trim();
  const draft = isDraft(form, kind);
  for (const param of numbers) {
    const value = kind.uses.includes(param) && !(draft && param === "steps") ? numberOf(form, kind, param) : undefined;
    if (value !== undefined) params[param] = value;
  }
  if (draft) params.draft = true;
  const lines = keepsLines(form, kind);
  if (lines !== null) params.keep_lines = lines;
  const tidy = tidiesColours(form, kind);
  if (tidy !== null) params.tidy_colours = tidy;
  const style = styleOf(form, checkpoint, kind);
  if (style) params.style = style;
  if (hasSize(kind)) Object.assign(params, form.size ?? longestParams(form.longest, region));
  return params;
}

/** True if the size can be chosen: what is repainted or enlarged keeps its own. */
export function hasSize(kind: KindOfCheckpoint): boolean {
  return kind.uses.includes("width_px") && kind.sees !== "pictures_and_mask";
}

/** True if a draft is requested; its number of steps is fixed by the server. */
export function isDraft(form: Form, kind: KindOfCheckpoint): boolean {
  return form.draft && Boolean(kind.draft_steps);
}

/** True if the lines of the sketch are laid over the picture; null where this kind has no such choice. */
export function keepsLines(form: Form, kind: KindOfCheckpoint): boolean | null {
  const preset = kind.keeps_lines;
  return preset === null ? null : form.keepLines ?? preset;
}

/** True if each region that the lines enclose gets one colour; null where this kind has no such choice. */
export function tidiesColours(form: Form, kind: KindOfCheckpoint): boolean | null {
  const preset = kind.tidies_colours;
  return preset === null ? null : form.tidyColours ?? preset;
}

/** The chosen style if the checkpoint knows it and the kind uses styles, else null. */
export function styleOf(form: Form, checkpoint: Checkpoint, kind: KindOfCheckpoint): string | null {
  const known = kind.uses.includes("style") && checkpoint.styles.some(({ name }) => name === form.style);
  return known ? form.style : null;
}

/** Which params of an earlier picture are used again. prompt: with its negative prompt and style; words: without them. */
export type Part = "all" | "prompt" | "words" | "seed" | "size";

export interface Recall {
  params: Params;
  part: Part;
}

const panels = new Set<(recall: Recall) => void>();

/** Fills the panel with the params of a picture, or a part of them. */
export function recall(params: Params, part: Part = "all"): void {
  for (const take of panels) take({ params, part });
}

export function onRecall(take: (recall: Recall) => void): () => void {
  panels.add(take);
  return () => void panels.delete(take);
}

/** The form after a recall. The prompt is not part of the form: see useRecall. */
export function recalled(form: Form, { params, part }: Recall): Form {
  const size = params.width_px && params.height_px ? { width_px: params.width_px, height_px: params.height_px } : null;
  const seed = params.seed ?? null;
  if (part === "prompt") return { ...form, negative: params.negative_prompt ?? "", style: params.style ?? null };
  if (part === "words") return form;
  if (part === "seed") return { ...form, seed, seedLocked: seed !== null };
  if (part === "size") return { ...form, size, longest: null };
  const typed: Form["numbers"] = {};
  for (const name of numbers) {
    const value = params[name] ?? undefined;
    if (value !== undefined && !(params.draft && name === "steps")) typed[name] = value;
  }
  return {
    ...form,
    checkpoint: params.checkpoint ?? null,
    kind: params.kind,
    negative: params.negative_prompt ?? "",
    seed,
    seedLocked: seed !== null,
    count: params.count ?? 1,
    numbers: typed,
    style: params.style ?? null,
    draft: params.draft ?? false,
    keepLines: params.keep_lines ?? null,
    tidyColours: params.tidy_colours ?? null,
    size,
    longest: null,
  };
}

export function randomSeed(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]!;
}
