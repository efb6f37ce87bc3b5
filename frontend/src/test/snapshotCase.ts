import type { Shape, Target } from "../generation/target";

/** A case of tests/shared/snapshot_cases.json. */
export interface SnapshotCase {
  name: string;
  target: string;
  elements: Shape[];
  seen: string[];
  pictures: string[];
  mask?: [id: string, fields: "drawing" | "picture"][];
  turned?: Record<string, { x: number; y: number; angle: number }>;
}

/** The element with this id as a target. */
export function targetAmong(elements: readonly Shape[], id: string): Pick<Target, "id" | "shape" | "region"> {
  const { type, x, y, width, height } = elements.find((element) => element.id === id)!;
  return { id, shape: type === "image" ? "picture" : "frame", region: { x, y, width, height } };
}
