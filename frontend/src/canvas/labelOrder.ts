import { generateKeyBetween } from "fractional-indexing";
import type { Placed } from "../room/reconcile";

interface Ordered extends Placed {
  readonly type: string;
  readonly isDeleted?: boolean;
  readonly containerId?: string | null;
}

/**
 * The elements with each arrow's label right above its arrow: Excalidraw throws when an arrow is edited whose label lies below.
 *
 * ordered: by valid and different indexes. moved: copies an element to another index. Returns the same list if nothing is misplaced.
 */
export function labelsAbove<E extends Ordered>(ordered: readonly E[], moved: (label: E, index: string) => E): readonly E[] {
  const arrows = new Map(ordered.flatMap((element, at) => (element.type === "arrow" ? [[element.id, at] as const] : [])));
  const below = new Map<string, E[]>();
  ordered.forEach((element, at) => {
    if (element.type !== "text" || !element.containerId || element.isDeleted) return;
    if ((arrows.get(element.containerId) ?? -1) < at) return;
    below.set(element.containerId, [...(below.get(element.containerId) ?? []), element]);
  });
  if (!below.size) return ordered;
  const misplaced = new Set([...below.values()].flat());
  return ordered.flatMap((element, at) => {
    if (misplaced.has(element)) return [];
    let last = element.index;
    const next = ordered[at + 1]?.index ?? null;
    const labels = (below.get(element.id) ?? []).map((label) => moved(label, (last = generateKeyBetween(last, next))));
    return [element, ...labels];
  });
}
