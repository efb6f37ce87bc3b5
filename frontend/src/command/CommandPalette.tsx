import { useId, useLayoutEffect, useRef, useState } from "react";
import { flushSync } from "react-dom";
import { t, tn } from "../language/t";
import { Dialog } from "../ui/Dialog";
import { keyNames } from "../ui/keys";
import type { Command } from "./Command";
import { grouped, search, type Group } from "./search";
import { recentCommands, rememberCommand } from "./recent";
import "./CommandPalette.css";

interface Props {
  /** Name of the list, for screen readers. */
  title: string;
  placeholder: string;
  commands: readonly Command[];
  /** Shown when there are no commands at all. */
  nothing: string;
  onClose(): void;
}

const page_rows = 8;

/** A field that finds commands, and the list of them; Enter runs the marked one. The focus stays in the field. */
export function CommandPalette({ title, placeholder, commands, nothing, onClose }: Props) {
  const [query, setQuery] = useState("");
  const [marked, setMarked] = useState(0);
  const [recent] = useState(recentCommands);
  const list = useRef<HTMLDivElement>(null);
  const id = useId();
  const groups: readonly Group[] = query.trim() ? [{ heading: "", commands: search(commands, query, recent) }] : grouped(commands, recent, t("Recent"));
  const rows = groups.flatMap((group) => group.commands);
  const at = Math.min(marked, rows.length - 1);
  useLayoutEffect(() => void list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: "nearest" }), [at, query]);

  const run = (command: Command) => {
    flushSync(onClose); // what it opens or focuses comes after this dialog has given the focus back
    rememberCommand(command.id);
    command.run();
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    if (event.nativeEvent.isComposing) return;
    const next = moved(event.key, at, rows.length);
    if (next === null && event.key !== "Enter") return;
    event.preventDefault();
    if (next !== null) setMarked(next);
    else if (rows[at]) run(rows[at]);
  };
  return (
    <Dialog title={title} onClose={onClose} bare className="command-palette">
      <input
        type="text" role="combobox" autoFocus autoComplete="off" spellCheck={false} enterKeyHint="go" aria-label={title} aria-expanded="true" aria-autocomplete="list"
        aria-controls={`${id}list`} aria-activedescendant={rows[at] && `${id}${at}`} placeholder={placeholder} value={query} data-testid="command-field"
        onChange={(event) => { setQuery(event.target.value); setMarked(0); }} onKeyDown={onKeyDown}
      />
      <div ref={list} id={`${id}list`} className="command-list" role="listbox" aria-label={title} data-testid="commands">
        {groups.map((group) => <Section key={group.heading} group={group} first={rows.indexOf(group.commands[0]!)} marked={at} id={id} onMark={setMarked} onRun={run} />)}
      </div>
      {!rows.length && <p className="quiet command-none">{commands.length ? t("Nothing is called that.") : nothing}</p>}
      <p className="unseen" role="status">{query.trim() && tn(rows.length, "{n} command found", "{n} commands found")}</p>
    </Dialog>
  );
}

/** The row that a key moves to; null for keys that move nowhere. */
function moved(key: string, at: number, count: number): number | null {
  if (!count) return null;
  if (key === "ArrowDown") return (at + 1) % count;
  if (key === "ArrowUp") return (at + count - 1) % count;
  if (key === "PageDown") return Math.min(at + page_rows, count - 1);
  return key === "PageUp" ? Math.max(at - page_rows, 0) : null;
}

interface SectionProps {
  group: Group;
  /** Row of its first command. */
  first: number;
  marked: number;
  id: string;
  onMark(row: number): void;
  onRun(command: Command): void;
}

function Section({ group: { heading, commands }, first, marked, id, onMark, onRun }: SectionProps) {
  const rows = commands.map((command, index) => {
    const row = first + index;
    return (
      <div key={command.id} id={`${id}${row}`} className="command" role="option" aria-selected={row === marked} data-command={command.id} onPointerMove={() => onMark(row)} onClick={() => onRun(command)}>
        <span className="command-label">{command.label}</span>
        {command.note && <span className="quiet command-note">{command.note}</span>}
        {!heading && <span className="quiet command-group">{command.group}</span>}
        {command.keys && <kbd>{keyNames(command.keys)}</kbd>}
      </div>
    );
  });
  if (!heading) return rows;
  return (
    <div role="group" aria-label={heading}>
      <div className="command-heading" aria-hidden="true">{heading}</div>
      {rows}
    </div>
  );
}
