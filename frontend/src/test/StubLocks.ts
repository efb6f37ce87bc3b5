import type { Locks } from "../room/Journal";

/** The browser's locks, by name, first come first served; `crash` ends a page without its having a say. */
export class StubLocks {
  private readonly lines = new Map<string, { page: string; grant(): void }[]>();

  /** What one page sees of it. */
  of(page: string): Locks {
    const request = (name: string, run: () => Promise<unknown>) =>
      new Promise<unknown>((resolve, reject) => {
        const turn = { page, grant: () => void run().then(resolve, reject).finally(() => this.leave(name, turn)) };
        const line = this.lines.get(name) ?? [];
        this.lines.set(name, [...line, turn]);
        if (!line.length) turn.grant();
      });
    return { request } as unknown as Locks;
  }

  crash(page: string): void {
    for (const [name, line] of [...this.lines]) for (const turn of line.filter((each) => each.page === page)) this.leave(name, turn);
  }

  private leave(name: string, turn: { grant(): void }): void {
    const before = this.lines.get(name) ?? [];
    const after = before.filter((each) => each !== turn);
    this.lines.set(name, after);
    if (before[0] === turn) after[0]?.grant();
  }
}
