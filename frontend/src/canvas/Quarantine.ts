import type { WireElement } from "../room/protocol";
import { Signal } from "../room/signal";

/**
 * Elements that this page does not hand to the canvas, as they would break it for everybody who looks at the board.
 *
 * They stay on the board, so that whoever saves a copy loses nothing, until somebody removes them.
 */
export class Quarantine {
  readonly changed = new Signal();
  private readonly kept = new Map<string, WireElement>();
  private readonly banned = new Set<string>();

  get elements(): readonly WireElement[] {
    return [...this.kept.values()];
  }

  /** From now on these are set aside, in whatever version. */
  ban(ids: Iterable<string>): void {
    for (const id of ids) this.banned.add(id);
  }

  isBanned(id: string): boolean {
    return this.banned.has(id);
  }

  /** Sets elements aside; `back`: ids of what arrived and can be shown, or is gone. */
  update(elements: readonly WireElement[], back: Iterable<string> = []): void {
    let news = false;
    for (const id of back) news = this.kept.delete(id) || news;
    for (const element of elements) {
      if (element.isDeleted) news = this.kept.delete(element.id) || news;
      else {
        this.kept.set(element.id, element);
        news = true;
      }
    }
    if (news) this.changed.send();
  }

  /** Another life of the page begins with the complete scene. */
  clear(): void {
    this.kept.clear();
  }
}

/** The tombstone of an element of which nothing can be relied on: only what the server has to have. */
export function tombstoneOf({ id, type, index, version, x, y, width, height, points, text }: WireElement): WireElement {
  const versionNonce = crypto.getRandomValues(new Uint32Array(1))[0]! >>> 1;
  const needed = { ...(points === undefined ? {} : { points: [] }), ...(text === undefined ? {} : { text: "" }) };
  return { id, type, index, x, y, width, height, ...needed, version: version + 1, versionNonce, isDeleted: true, updated: Date.now() };
}

const nouns = new Map([
  ["rectangle", "rectangle"], ["diamond", "diamond"], ["ellipse", "ellipse"], ["line", "line"], ["arrow", "arrow"],
  ["text", "text"], ["freedraw", "stroke"], ["image", "picture"], ["frame", "frame"], ["magicframe", "frame"],
]);
const nounOf = ({ type }: WireElement): string => nouns.get(type) ?? "element";

/** What is said of them: which ones, in words of the canvas. */
export function asideText(elements: readonly WireElement[]): string {
  const [first] = elements;
  if (!first) return "";
  if (elements.length > 1) return `${elements.length} elements would break the board and were set aside: ${enumerated(elements)}.`;
  const noun = nounOf(first);
  const label = [first.name, first.text].find((text) => typeof text === "string" && text.trim());
  const called = typeof label === "string" ? ` “${label.trim().slice(0, 40)}”` : "";
  return `${/^[aeiou]/.test(noun) ? "An" : "A"} ${noun}${called} would break the board and was set aside.`;
}

/** For example: 2 texts, 1 arrow. */
function enumerated(elements: readonly WireElement[]): string {
  const counts = new Map<string, number>();
  for (const noun of elements.map(nounOf)) counts.set(noun, (counts.get(noun) ?? 0) + 1);
  return [...counts].map(([noun, count]) => `${count} ${noun}${count > 1 ? "s" : ""}`).join(", ");
}
