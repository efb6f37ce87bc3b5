import type { Kind } from "../api/types";

/** Atelier's data on an element: on frames their settings, on results their origin. */
export interface Note {
  prompt?: string;
  kind?: Kind;
  strength?: number;
  /** Of the first picture of a frame, where nobody asks for another: one that is known to come out well. */
  seed?: number;
  job?: string;
  image?: string;
  source?: string | null;
  /** The picture was made with few steps. */
  draft?: boolean;
}

const isText = (value: unknown) => typeof value === "string";

const checks: Record<keyof Note, (value: unknown) => boolean> = {
  prompt: isText,
  kind: isText,
  strength: (value) => typeof value === "number" && value >= 0 && value <= 1,
  seed: (value) => typeof value === "number" && Number.isInteger(value) && value >= 0,
  job: isText,
  image: isText,
  source: (value) => value === null || isText(value),
  draft: (value) => typeof value === "boolean",
};

/** The valid fields of the note on an element. Anybody who may edit the board can write anything there. */
export function noteOf({ customData }: { customData?: Record<string, unknown> }): Note {
  const note = customData?.atelier;
  if (typeof note !== "object" || note === null) return {};
  const fields = Object.entries(checks).filter(([name, holds]) => Object.hasOwn(note, name) && holds(note[name as keyof object]));
  return Object.fromEntries(fields.map(([name]) => [name, note[name as keyof object]]));
}
