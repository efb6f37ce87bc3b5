import { ApiError, type JobRequest } from "../api/client";
import type { Checkpoint, KindOfCheckpoint, Sees } from "../api/types";
import type { BoardPort } from "./BoardPort";
import { t } from "../language/t";
import { kindOf, paramsOf, type Form } from "./form";
import type { MaskState } from "./mask";
import type { Target } from "./target";

/** What Generate sends, what keeps it from being sent, and the server's refusal by field. */

export interface Draft {
  form: Form;
  checkpoint: Checkpoint;
  prompt: string;
  target: Target | null;
}

/** Draws what the model has to see and builds the request. Rejects when the board cannot draw it. */
export async function buildRequest(board: BoardPort, { form, checkpoint, prompt, target }: Draft): Promise<JobRequest> {
  const params = paramsOf(form, checkpoint, prompt, target?.region);
  const sees = checkpoint.kinds[kindOf(form, checkpoint)]!.sees;
  const place = target ? { frame: target.id, region: target.region } : { region: board.middleOfView() };
  const seen = target ? await seenBy(board, target, sees) : {};
  return { params, ...place, view: board.view(), ...seen, ...placementOf(form, spotOf(form, target, sees)) };
}

/** Snapshot and mask of the target. Empty for prompts alone, and for pictures that the server has in full size. */
async function seenBy(board: BoardPort, target: Target, sees: Sees): Promise<Pick<JobRequest, "snapshot" | "mask">> {
  if (sees === "nothing" || sees === "file") return {};
  if (isInPlace(target, sees)) {
    await board.saved(); // the server draws the mask over its own file
    return {};
  }
  const snapshot = await board.snapshot(target, undefined, sees);
  return sees === "pictures_and_mask" ? { snapshot, mask: await board.mask(target) } : { snapshot };
}

/** True if a picture is repainted: the result takes its place. */
function isInPlace({ shape }: Target, sees: Sees): boolean {
  return shape === "picture" && sees === "pictures_and_mask";
}

type Spot = NonNullable<JobRequest["accepted_placement"]>;

/** Where a picture goes, at once or when it is accepted. */
function spotOf({ placement }: Form, target: Target | null, sees: Sees): Spot {
  if (target && isInPlace(target, sees)) return "in_place";
  return target?.shape === "frame" ? placement : "beside";
}

/** A single picture is placed at once; several are staged, and the accepted one is placed. */
function placementOf({ count }: Form, spot: Spot): Pick<JobRequest, "placement" | "accepted_placement"> {
  return count > 1 ? { placement: "stage", accepted_placement: spot } : { placement: spot };
}

/** Why Generate is disabled, as a sentence that says what to do; "" when it is enabled. masked: counts for kinds that repaint. */
export function hindranceOf({ mayEdit }: Pick<BoardPort, "mayEdit">, target: Target | null, kind: KindOfCheckpoint, prompt: string, masked: MaskState = "marked"): string {
  if (!mayEdit) return t("You can only view this board.");
  if (kind.sees === "file" && target?.shape !== "picture") return t("Select a picture first.");
  if (repaints(kind) && (!target || masked === "no_picture")) return t("Select a picture first.");
  if (!target && kind.sees !== "nothing") return t("Draw a region around a sketch first.");
  if (repaints(kind) && masked === "unmarked") return t("Draw over the part to repaint first.");
  if (!kind.needs_prompt || prompt.trim()) return "";
  if (repaints(kind)) return t("Say what should be there.");
  return isInstruction(kind, target) ? t("Describe what should change.") : t("Describe what it should become.");
}

/** True if only a marked part of a picture is made anew. */
export function repaints({ sees }: KindOfCheckpoint): boolean {
  return sees === "pictures_and_mask";
}

/** True if the prompt says what should change: a picture is edited, a sketch becomes something. */
export function isInstruction(kind: KindOfCheckpoint, target: Target | null): boolean {
  return kind.instructs && target?.shape === "picture";
}

/** Messages by name of a form field; "" holds those of no field that is shown. */
export type FieldErrors = Record<string, string>;

const shown_fields = new Set(["prompt", "negative_prompt", "steps", "guidance_scale", "image_guidance_scale", "seed", "count"]);

export function fieldErrors(error: unknown): FieldErrors {
  if (!(error instanceof ApiError)) return { "": error instanceof Error ? error.message : String(error) };
  if (!error.fields.length) return { "": error.message };
  const errors: FieldErrors = {};
  for (const { field, message } of error.fields) {
    const name = field.split(".").at(-1)!;
    if (shown_fields.has(name)) errors[name] = message;
    else errors[""] = [errors[""], `${name}: ${message}`].filter(Boolean).join(" ");
  }
  return errors;
}
