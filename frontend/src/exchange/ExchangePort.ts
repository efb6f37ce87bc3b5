/** What exchange asks of the board. Implemented by board/, so that this folder knows no canvas. */
export interface ExchangePort {
  readonly mayEdit: boolean;
  readonly title: string;
  /** In reading order; `selected` where somebody selected it, or something in it. */
  frames(): FrameChoice[];
  /** Scene units, with the margin around it. */
  size(frame: string | null): { width: number; height: number };
  draw(drawing: Drawing): Promise<Blob>;
  /** As an .excalidraw document with its pictures in it. */
  document(frame: string | null): Promise<Blob>;
  /** To be called before an import: returns the way to take its outcome back. */
  remember(): (outcome: ImportOutcome) => void;
  /** Brings elements into view as soon as they are there. */
  reveal(ids: readonly string[]): void;
  /** Sends everything that was drawn, so that the server's own export holds it. */
  settle(): void;
}

export interface FrameChoice {
  id: string;
  name: string;
  selected: boolean;
}

export interface Drawing {
  format: "png" | "svg";
  /** null: the whole board. */
  frame: string | null;
  /** Pixels for each scene unit. */
  scale: number;
  background: boolean;
  dark: boolean;
  /** Whether the file can be opened again as a board. */
  embed: boolean;
}

export interface ImportOutcome {
  added_ids: readonly string[];
  updated_ids: readonly string[];
  /** Deleted here before, and brought back. */
  revived_ids: readonly string[];
}
