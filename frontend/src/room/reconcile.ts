import { generateNKeysBetween } from "fractional-indexing";

/**
 * Which of two versions of an element wins, and the order of elements. Pure; the server follows the same rule
 * and both sides run tests/shared/reconcile_cases.json.
 */

export interface Versioned {
  readonly version: number;
  readonly versionNonce: number;
}

export interface Placed {
  readonly id: string;
  readonly index: string;
}

/** True if the incoming version wins: the higher version, at equal versions the lower nonce; a full tie keeps the held one. */
export function takesIncoming(held: Versioned | undefined, incoming: Versioned): boolean {
  if (!held) return true;
  if (incoming.version !== held.version) return incoming.version > held.version;
  return incoming.versionNonce < held.versionNonce;
}

/** By (index, id), UTF-16 code units. */
export function compareOrder(a: Placed, b: Placed): number {
  if (a.index !== b.index) return a.index < b.index ? -1 : 1;
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** The newest of both sides, in order. Elements are passed on as they are, never copied. */
export function merge<E extends Versioned & Placed>(local: readonly E[], remote: readonly E[]): E[] {
  const newest = new Map(local.map((element) => [element.id, element]));
  for (const element of remote) {
    if (takesIncoming(newest.get(element.id), element)) newest.set(element.id, element);
  }
  return [...newest.values()].sort(compareOrder);
}

const key_shape = /^[0-9A-Za-z]+$/;
const longest_key = 256;
const smallest_integer = "A" + "0".repeat(26);

/** True if Excalidraw can generate further keys from a fractional index: on an invalid one it throws. */
export function isValidIndex(key: unknown): key is string {
  if (typeof key !== "string" || key.length > longest_key || !key_shape.test(key) || key === smallest_integer) return false;
  const head = key.charCodeAt(0);
  const integer_length = head >= 97 ? head - 97 + 2 : head >= 65 ? 90 - head + 2 : Infinity;
  return key.length >= integer_length && !(key.length > integer_length && key.endsWith("0"));
}

/**
 * Gives every element of an ordered list its own valid index.
 *
 * Two people who draw at the same time choose the same index; the server moves one of them, but until that arrives
 * Excalidraw would repair the pair by itself, at random and for everybody. `mayMove` says which elements are ours to
 * move (new, not yet acknowledged); `moved` makes the moved copy. Returns the same list when nothing was wrong.
 */
export function withOwnIndices<E extends Placed>(
  ordered: readonly E[],
  mayMove: (element: E) => boolean,
  moved: (element: E, index: string) => E,
): readonly E[] {
  if (ordered.every((element, at) => isValidIndex(element.index) && (at === 0 || ordered[at - 1]!.index < element.index))) {
    return ordered;
  }
  const settledFirst = [...ordered].sort((a, b) => Number(mayMove(a)) - Number(mayMove(b)));
  const taken = new Map<string, E>();
  const needsIndex: E[] = [];
  for (const element of settledFirst) {
    if (isValidIndex(element.index) && !taken.has(element.index)) taken.set(element.index, element);
    else needsIndex.push(element);
  }
  const keys = [...taken.keys()].sort();
  const above = (index: string) => keys.find((key) => key > index) ?? null;
  const repaired = [...taken.values()];
  for (const [index, group] of groupBy(needsIndex, (element) => (isValidIndex(element.index) ? element.index : ""))) {
    const below = index || (keys.at(-1) ?? null);
    const fresh = generateNKeysBetween(below, index ? above(index) : null, group.length);
    group.sort(compareOrder).forEach((element, at) => repaired.push(moved(element, fresh[at]!)));
    keys.push(...fresh);
    keys.sort();
  }
  return repaired.sort(compareOrder);
}

function groupBy<E>(items: readonly E[], keyOf: (item: E) => string): Map<string, E[]> {
  const groups = new Map<string, E[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}
