/** Something that can be done on the page, as the command palette lists it. */
export interface Command {
  /** The same on every visit: by it the palette remembers what was used last. */
  id: string;
  label: string;
  /** Heading under which it stands; commands of a group follow each other. */
  group: string;
  /** The keys that do the same, as "Ctrl+Shift+Z". */
  keys?: string;
  /** More words by which it is found. */
  words?: string;
  /** Shown beside it: its state, or why it cannot be done now. */
  note?: string;
  run(): void;
}
