import type { WireElement } from "../room/protocol";
import { board_cost_max, element_cost_max, hatchCost, type Hatchable } from "../room/hatching";

/**
 * Makes elements from others safe for a canvas that trusts them. Pure. No new versions: only what this page shows differs.
 */

const fill_styles = new Set<unknown>(["hachure", "cross-hatch", "solid", "zigzag"]); // as boards/elements/fields.py

/** True if every plain object has a property of this name: a lookup would find it though nobody set it. */
export const isTaken = (name: unknown): boolean => typeof name === "string" && name in {};

/** True if Excalidraw can use the id as a key of plain objects. */
export const hasUsableId = ({ id }: WireElement): boolean => !isTaken(id);

/** The element without values that Excalidraw looks up or calls unchecked. The same object if it has none. */
export function sound<E extends WireElement>(element: E): E {
  const { fillStyle, groupIds, scale, type } = element;
  const changes: Record<string, unknown> = {};
  if (fillStyle !== undefined && !fill_styles.has(fillStyle)) changes.fillStyle = "hachure"; // as it draws what it does not know
  if (Array.isArray(groupIds) && groupIds.some(isTaken)) changes.groupIds = groupIds.filter((id) => !isTaken(id));
  if (scale !== undefined && type !== "image") changes.scale = undefined;
  return Object.keys(changes).length ? { ...element, ...changes } : element;
}

interface Shown extends Hatchable {
  readonly id: string;
  readonly isDeleted?: boolean;
}

/** The elements with a solid fill where hatching would exceed the budget of the page. here: elements shown already. */
export function withinBudget<E extends Shown>(arrived: readonly E[], here: Iterable<Shown>): readonly E[] {
  const costs = new Map(arrived.map((element) => [element.id, element.isDeleted ? 0 : hatchCost(element)]));
  if (![...costs.values()].some((cost) => cost > 0)) return arrived;
  let spent = 0;
  for (const element of here) if (!element.isDeleted && !costs.has(element.id)) spent += hatchCost(element);
  return arrived.map((element) => {
    const cost = costs.get(element.id)!;
    if (cost > 0 && (cost > element_cost_max || spent + cost > board_cost_max)) return { ...element, fillStyle: "solid" };
    spent += cost;
    return element;
  });
}
