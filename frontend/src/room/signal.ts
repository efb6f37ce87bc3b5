/** One thing that happens, and who wants to know. */
export class Signal<Args extends unknown[] = []> {
  private readonly listeners = new Set<(...args: Args) => void>();

  /** Returns the way to stop listening. */
  on(listener: (...args: Args) => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }

  send(...args: Args): void {
    for (const listener of [...this.listeners]) listener(...args);
  }
}
