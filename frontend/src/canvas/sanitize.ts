import type { WireElement } from "../room/protocol";
import { board_cost_max, element_cost_max, hatchCost, type Hatchable } from "../room/hatching";

/**
 * What others wrote, made fit for a canvas that trusts it. Pure. Nothing of it is a new version: only what is shown
 * here differs.
 */

const fill_styles = new Set<unknown>(["hachure", "cross-hatch", "solid", "zigzag"]); // as boards/elements/fields.py

/** Whether every object has something under this name: whoever looks it up in a table finds what nobody put there. */
export const isTaken = (name: unknown): boolean => typeof name === "string" && name in {};

/** Whether Excalidraw can keep books of it: it does so by id, in plain objects. */
export const hasUsableId = ({ id }: WireElement): boolean => !isTaken(id);

/** The element without values that Excalidraw looks up, or calls upon, unseen. The same object where there are none. */
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

/** Elements about to be shown, with a solid fill where hatching would cost more than a page can bear beside what is here. */
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
