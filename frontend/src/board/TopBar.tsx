import { useState } from "react";
import type { RoomClient } from "../room/RoomClient";
import { ShareIcon } from "../ui/icons";
import { Avatar, usePeople } from "../canvas/Collaborators";
import type { BoardConfig } from "../canvas/config";
import { t } from "../language/t";
import { NameCard } from "./NameCard";
import type { CanvasRoom } from "./useCanvasRoom";
import "./TopBar.css";

interface Props {
  room: RoomClient;
  config: BoardConfig;
  rename(name: string): Promise<void>;
  /** Absent where this person cannot invite anybody. */
  onShare?(): void;
  /** On a phone's canvas only the number of the others is shown. */
  space: CanvasRoom;
}

const most_avatars = 5;

/** Enter presses the button that has the focus: the canvas would take it for its own and rename a selected frame. */
function pressed(event: React.KeyboardEvent): void {
  if (event.key === "Enter" || event.key === " ") event.stopPropagation();
}

/** The people on this board, the name of the person at this page, and the share button. */
export function TopBar({ room, config, rename, onShare, space }: Props) {
  const people = usePeople(room);
  const shown = space === "phone" ? 0 : most_avatars;
  const [name, setName] = useState(config.you.name);
  const [open, setOpen] = useState(false);
  const save = async (next: string) => {
    await rename(next);
    setName(next);
    setOpen(false);
  };
  return (
    <div className="ours top-bar" data-space={space} data-testid="top-bar" onKeyDown={pressed}>
      <ul className="people" aria-label={`${people.length + 1} ${people.length ? "people are" : "person is"} here`} data-testid="people">
        {people.slice(0, shown).map((person) => (
          <li key={person.id}><Avatar person={person} /></li>
        ))}
        {people.length > shown && <li className="more" title={people.slice(shown).map((each) => each.name).join(", ")}>+{people.length - shown}</li>}
        <li>
          <button type="button" className="you" aria-expanded={open} aria-label={`You are ${name}. Change your name`} onClick={() => setOpen(!open)}>
            <Avatar person={{ id: config.you.id, name, idle: false }} you />
          </button>
        </li>
      </ul>
      {onShare && (
        <button type="button" className="button primary" aria-label={t("Share")} data-testid="share" onClick={onShare}>
          <ShareIcon size={17} /> <span>{t("Share")}</span>
        </button>
      )}
      {open && <NameCard name={name} guest={config.you.guest} urls={config.urls} onSave={save} onClose={() => setOpen(false)} />}
    </div>
  );
}
