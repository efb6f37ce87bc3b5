import type { KindOfCheckpoint, NumberParam } from "../api/types";
import { t } from "../language/t";

/** How far a picture may depart from the sketch, as five words instead of numbers. */
export const strengthWords = () => [t("Follow my sketch closely"), t("Follow my sketch"), t("Balanced"), t("Be inventive"), t("Surprise me")] as const;

export const balanced = 2;
const last = 4; // of these five

/** The note on a frame holds 0 (closely) to 1 (surprise), so that other numbers of words stay possible. */
export const toNote = (position: number): number => position / last;
export const fromNote = (strength: number | undefined): number =>
  strength === undefined || !Number.isFinite(strength) ? balanced : Math.round(Math.min(1, Math.max(0, strength)) * last);

/** True if a kind uses a number that the slider sets. */
export function hasStrength(kind: KindOfCheckpoint): boolean {
  return kind.uses.includes("strength") || kind.uses.includes("image_guidance_scale");
}

/**
 * The numbers behind a word, around what the checkpoint itself calls its default: more `strength` leaves the sketch,
 * more `image_guidance_scale` keeps to it.
 */
export function strengthParams(position: number, kind: KindOfCheckpoint): Partial<Record<NumberParam, number>> {
  const params: Partial<Record<NumberParam, number>> = {};
  if (kind.uses.includes("strength")) {
    const middle = kind.defaults.strength ?? 0.6;
    params.strength = within(kind, "strength", [middle - 0.35, middle - 0.18, middle, (middle + 0.97) / 2, 0.97][position]!);
  }
  if (kind.uses.includes("image_guidance_scale")) {
    const middle = kind.defaults.image_guidance_scale ?? 1.5;
    const free = Math.min(1, middle * 0.5 + 0.25); // 1 is no guidance by the sketch beyond having seen it
    const steps = [middle * 1.75, middle * 1.35, middle, (middle + free) / 2, free];
    params.image_guidance_scale = within(kind, "image_guidance_scale", steps[position]!);
  }
  return params;
}

/** The slider takes over from numbers typed by hand. */
export function withoutStrength(numbers: Partial<Record<NumberParam, number>>): Partial<Record<NumberParam, number>> {
  const rest = { ...numbers };
  delete rest.strength;
  delete rest.image_guidance_scale;
  return rest;
}

function within(kind: KindOfCheckpoint, name: NumberParam, value: number): number {
  const [low, high] = kind.limits[name] ?? [-Infinity, Infinity];
  return Math.round(Math.min(high, Math.max(low, value)) * 100) / 100;
}
