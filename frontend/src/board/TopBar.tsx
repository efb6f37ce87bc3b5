import { lazy, Suspense, useEffect, useRef, useState } from "react";
import type { RoomClient } from "../room/RoomClient";
import { ShareIcon } from "../ui/icons";
import { Avatar, nameOf, usePeople } from "../canvas/Collaborators";
import type { BoardConfig } from "../canvas/config";
import type { Following } from "../canvas/Following";
import { t, tn } from "../language/t";
import { NameCard } from "./NameCard";
import type { CanvasRoom } from "./useCanvasRoom";
import "./TopBar.css";

const PeopleCard = lazy(() => import("./PeopleCard"));

interface Props {
  room: RoomClient;
  config: BoardConfig;
  /** null while the canvas is not ready: then nobody can be followed. */
  following: Following | null;
  rename(name: string): Promise<void>;
  /** Absent where this person cannot invite anybody. */
  onShare?(): void;
  /** On a phone's canvas only the number of the others is shown. */
  space: CanvasRoom;
}

const most_avatars = 5;
const you = "you";
const all = "all";

/** Enter presses the button that has the focus: the canvas would take it for its own and rename a selected frame. */
function pressed(event: React.KeyboardEvent): void {
  if (event.key === "Enter" || event.key === " ") event.stopPropagation();
}

/** The people on this board, each with a card, the name of the person at this page, and the share button. */
export function TopBar({ room, config, following, rename, onShare, space }: Props) {
  const people = usePeople(room);
  const shown = space === "phone" ? 0 : most_avatars;
  const [name, setName] = useState(config.you.name);
  /** What the open card is about: the id of a person, all of them, or oneself. */
  const [card, setCard] = useState<string | null>(null);
  const bar = useRef<HTMLDivElement>(null);
  const { close, onEscape } = useCard(bar, card, setCard);
  const save = async (next: string) => {
    await rename(next);
    setName(next);
    close();
  };
  const toggle = (next: string) => () => setCard(card === next ? null : next);
  const listed = card === all ? people : people.filter(({ id }) => id === card);
  const hidden = people.length - shown;
  const alone = shown > 0 || !people.length;
  return (
    <div ref={bar} className="ours top-bar" data-space={space} data-testid="top-bar" onKeyDown={(event) => { pressed(event); onEscape(event); }}>
      <ul className="people" aria-label={tn(people.length + 1, "{n} person is here", "{n} people are here")} data-testid="people">
        {people.slice(0, shown).map((person) => (
          <li key={person.id}>
            <button type="button" className="person" title={nameOf(person)} aria-label={nameOf(person)} aria-expanded={card === person.id} data-person={person.id} onClick={toggle(person.id)}>
              <Avatar person={person} />
            </button>
          </li>
        ))}
        {hidden > 0 && (shown > 0
          ? <li><button type="button" className="person more" aria-label={tn(hidden, "{n} more person", "{n} more people")} aria-expanded={card === all} onClick={toggle(all)}>+{hidden}</button></li>
          : <li className="more" aria-hidden="true">+{hidden}</li>)}
        <li>
          <button
            type="button" className="person you" title={t("{name} (you)", { name })} aria-expanded={card === you || (!alone && card === all)}
            aria-label={alone ? t("You are {name}. Change your name", { name }) : tn(people.length, "You are {name}, and {n} person is here", "You are {name}, and {n} people are here", { name })}
            onClick={card === you ? close : toggle(alone ? you : all)}
          >
            <Avatar person={{ id: config.you.id, name, idle: false }} />
          </button>
        </li>
      </ul>
      {onShare && (
        <button type="button" className="button primary" aria-label={t("Share")} data-testid="share" onClick={onShare}>
          <ShareIcon size={17} /> <span>{t("Share")}</span>
        </button>
      )}
      {listed.length > 0 && following && (
        <Suspense>
          <PeopleCard people={listed} following={following} onRename={shown ? undefined : () => setCard(you)} onClose={close} />
        </Suspense>
      )}
      {card === you && <NameCard name={name} guest={config.you.guest} urls={config.urls} onSave={save} onClose={close} />}
    </div>
  );
}

/** Closes a card by Escape, and by a press elsewhere. Whoever closes it with the focus in it gets the focus back to its button. */
function useCard(bar: React.RefObject<HTMLElement | null>, card: string | null, setCard: (card: string | null) => void) {
  useEffect(() => {
    if (card === null) return;
    const elsewhere = ({ target }: Event) => {
      if (!bar.current?.contains(target as Node)) setCard(null);
    };
    document.addEventListener("pointerdown", elsewhere, { capture: true });
    return () => document.removeEventListener("pointerdown", elsewhere, { capture: true });
  }, [bar, card, setCard]);
  const close = () => {
    if (document.activeElement?.closest(".person-card")) bar.current?.querySelector<HTMLElement>('[aria-expanded="true"]')?.focus();
    setCard(null);
  };
  const onEscape = (event: React.KeyboardEvent) => {
    if (event.key !== "Escape" || card === null) return;
    event.stopPropagation();
    close();
  };
  return { close, onEscape };
}
