/** An event with its listeners. */
export class Signal<Args extends unknown[] = []> {
  private readonly listeners = new Set<(...args: Args) => void>();

  /** Adds a listener; returns a function that removes it. */
  on(listener: (...args: Args) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  send(...args: Args): void {
    for (const listener of [...this.listeners]) listener(...args);
  }
}
