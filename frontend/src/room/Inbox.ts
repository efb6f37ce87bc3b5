import { takesIncoming } from "./reconcile";
import type { WireElement } from "./protocol";

/** What arrived and is not on the canvas yet: the newest of each element by the merge rule, not the last to arrive. */
export class Inbox {
  private readonly elements = new Map<string, WireElement>();
  private readonly moves = new Map<string, WireElement>();

  add(arrived: Iterable<WireElement>): void {
    for (const element of arrived) {
      if (takesIncoming(this.elements.get(element.id), element)) this.elements.set(element.id, element);
    }
  }

  /** Takes everything but what `held` asks to leave for later. */
  take(held: (id: string) => boolean = () => false): WireElement[] {
    const taken = [...this.elements.values()].filter((element) => !held(element.id));
    for (const { id } of taken) this.elements.delete(id);
    return taken;
  }

  /** Notes that the server moved one of ours within the order, and changed nothing else. */
  addMove(arrived: WireElement): void {
    if (takesIncoming(this.moves.get(arrived.id), arrived)) this.moves.set(arrived.id, arrived);
  }

  takeMoves(): WireElement[] {
    const taken = [...this.moves.values()];
    this.moves.clear();
    return taken;
  }

  /** These are not what they were: whatever waits of them does not count. */
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
