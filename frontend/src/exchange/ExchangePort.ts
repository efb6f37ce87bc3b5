/** What import and export need of the board. Implemented in canvas/, so that this folder knows no canvas. */
export interface ExchangePort {
  readonly mayEdit: boolean;
  readonly title: string;
  /** In reading order; selected: the frame or something in it is selected. */
  frames(): FrameChoice[];
  /** Scene units, with the margin around it. */
  size(frame: string | null): { width: number; height: number };
  draw(drawing: Drawing): Promise<Blob>;
  /** As an .excalidraw document with its pictures in it. */
  document(frame: string | null): Promise<Blob>;
  /** Called before an import; returns a function that undoes the import, given its outcome. */
  remember(): (outcome: ImportOutcome) => void;
  /** Shows what the import changes as one edit that can be undone. */
  showAsEdit<Change extends ImportOutcome & { clock: number }>(request: () => Promise<Change>): Promise<Change>;
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
