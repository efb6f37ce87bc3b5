export interface Notice {
  /** Notices of one key replace each other. */
  key: string;
  text: string;
  tone: "info" | "problem";
  action?: { label: string; run(): void };
  /** null: stays until it is closed. */
  seconds: number | null;
  /** Returns false once what it says is no longer true; asked by `review`. */
  holds?(): boolean;
}

/** The short messages that are shown now, at most four; most close by themselves. */
export class Notices {
  private shown: readonly Notice[] = [];
  private readonly timers = new Map<string, ReturnType<typeof setTimeout>>();
  private readonly listeners = new Set<() => void>();

  readonly list = (): readonly Notice[] => this.shown;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  };

  show(notice: Partial<Notice> & Pick<Notice, "key" | "text">): void {
    const full: Notice = { tone: "info", seconds: notice.action ? null : 8, ...notice };
    this.change([...this.shown.filter(({ key }) => key !== full.key), full].slice(-4));
    clearTimeout(this.timers.get(full.key));
    if (full.seconds !== null) this.timers.set(full.key, setTimeout(() => this.close(full.key), full.seconds * 1000));
  }

  /** Closes the messages that are no longer true. Called when something changed that they may speak of. */
  review(): void {
    for (const { key } of this.shown.filter(({ holds }) => holds && !holds())) this.close(key);
  }

  readonly close = (key: string): void => {
    clearTimeout(this.timers.get(key));
    this.change(this.shown.filter((notice) => notice.key !== key));
  };

  private change(shown: readonly Notice[]): void {
    this.shown = shown;
    for (const listener of this.listeners) listener();
  }
}
