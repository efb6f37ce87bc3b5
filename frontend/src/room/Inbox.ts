import { takesIncoming } from "./reconcile";
import type { WireElement } from "./protocol";

/** Elements that arrived and are not on the canvas yet: of each the newest by the merge rule, not the last to arrive. */
export class Inbox {
  private readonly elements = new Map<string, WireElement>();
  private readonly moves = new Map<string, WireElement>();

  add(arrived: Iterable<WireElement>): void {
    for (const element of arrived) {
      if (takesIncoming(this.elements.get(element.id), element)) this.elements.set(element.id, element);
    }
  }

  /** Removes and returns all elements except those that `held` is true for. */
  take(held: (id: string) => boolean = () => false): WireElement[] {
    const taken = [...this.elements.values()].filter((element) => !held(element.id));
    for (const { id } of taken) this.elements.delete(id);
    return taken;
  }

  /** Adds an element of ours of which the server changed only the index. */
  addMove(arrived: WireElement): void {
    if (takesIncoming(this.moves.get(arrived.id), arrived)) this.moves.set(arrived.id, arrived);
  }

  takeMoves(): WireElement[] {
    const taken = [...this.moves.values()];
    this.moves.clear();
    return taken;
  }

  /** Drops everything that waits of these elements. */
  forget(ids: Iterable<string>): void {
    for (const id of ids) {
      this.elements.delete(id);
      this.moves.delete(id);
    }
  }

  get size(): number {
    return this.elements.size + this.moves.size;
  }
}
