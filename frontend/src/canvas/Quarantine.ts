import type { WireElement } from "../room/protocol";
import { Signal } from "../room/signal";
import { t, tn } from "../language/t";

/**
 * Elements of the board that this page keeps from the canvas because they would break it.
 *
 * They stay on the board until somebody removes them, and exports contain them.
 */
export class Quarantine {
  readonly changed = new Signal();
  private readonly held = new Map<string, WireElement>();
  private readonly banned = new Set<string>();

  get elements(): readonly WireElement[] {
    return [...this.held.values()];
  }

  /** Every version of these elements goes into quarantine from now on. */
  ban(ids: Iterable<string>): void {
    for (const id of ids) this.banned.add(id);
  }

  isBanned(id: string): boolean {
    return this.banned.has(id);
  }

  /** Adds elements, after `released` has left: ids of elements that arrived and can be shown, or are gone. */
  update(elements: readonly WireElement[], released: Iterable<string> = []): void {
    let changed = false;
    for (const id of released) changed = this.held.delete(id) || changed;
    for (const element of elements) {
      if (element.isDeleted) changed = this.held.delete(element.id) || changed;
      else {
        this.held.set(element.id, element);
        changed = true;
      }
    }
    if (changed) this.changed.send();
  }

  /** Empties the quarantine, as the server is about to send the complete scene again. Bans stay. */
  clear(): void {
    this.held.clear();
  }
}

/** The tombstone of an element that may be malformed: it has only the fields that the server requires. */
export function tombstoneOf({ id, type, index, version, x, y, width, height, points, text }: WireElement): WireElement {
  const versionNonce = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  const needed = { ...(points === undefined ? {} : { points: [] }), ...(text === undefined ? {} : { text: "" }) };
  return { id, type, index, x, y, width, height, ...needed, version: version + 1, versionNonce, isDeleted: true, updated: Date.now() };
}

/** One element of a type as the subject of a sentence, and a number of them. */
interface Noun {
  one(): string;
  several(n: number): string;
}

const frame: Noun = { one: () => t("A frame"), several: (n) => tn(n, "{n} frame", "{n} frames") };
const other: Noun = { one: () => t("An element"), several: (n) => tn(n, "{n} element", "{n} elements") };
const nouns = new Map<string, Noun>([
  ["rectangle", { one: () => t("A rectangle"), several: (n) => tn(n, "{n} rectangle", "{n} rectangles") }],
  ["diamond", { one: () => t("A diamond"), several: (n) => tn(n, "{n} diamond", "{n} diamonds") }],
  ["ellipse", { one: () => t("An ellipse"), several: (n) => tn(n, "{n} ellipse", "{n} ellipses") }],
  ["line", { one: () => t("A line"), several: (n) => tn(n, "{n} line", "{n} lines") }],
  ["arrow", { one: () => t("An arrow"), several: (n) => tn(n, "{n} arrow", "{n} arrows") }],
  ["text", { one: () => t("A text"), several: (n) => tn(n, "{n} text", "{n} texts") }],
  ["freedraw", { one: () => t("A stroke"), several: (n) => tn(n, "{n} stroke", "{n} strokes") }],
  ["image", { one: () => t("A picture"), several: (n) => tn(n, "{n} picture", "{n} pictures") }],
  ["frame", frame],
  ["magicframe", frame],
]);
const nounOf = ({ type }: WireElement): Noun => nouns.get(type) ?? other;

/** What a notice says of elements in quarantine. */
export function quarantineText(elements: readonly WireElement[]): string {
  const [first] = elements;
  if (!first) return "";
  if (elements.length > 1) return t("{n} elements would crash the board and are hidden: {list}.", { n: elements.length, list: enumerated(elements) });
  const label = [first.name, first.text].find((text) => typeof text === "string" && text.trim());
  const one = nounOf(first).one();
  const what = typeof label === "string" ? t("{what} “{label}”", { what: one, label: label.trim().slice(0, 40) }) : one;
  return t("{what} would crash the board and is hidden.", { what });
}

/** Counts by kind, such as "2 texts, 1 arrow". */
function enumerated(elements: readonly WireElement[]): string {
  const counts = new Map<Noun, number>();
  for (const noun of elements.map(nounOf)) counts.set(noun, (counts.get(noun) ?? 0) + 1);
  return [...counts].map(([noun, count]) => noun.several(count)).join(", ");
}
