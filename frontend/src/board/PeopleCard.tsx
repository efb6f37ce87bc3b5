import { useSyncExternalStore } from "react";
import { Avatar, nameOf, type Person } from "../canvas/Collaborators";
import type { Followed, Following } from "../canvas/Following";
import { t } from "../language/t";
import "./PeopleCard.css";

interface Props {
  people: readonly Person[];
  following: Following;
  /** Opens the form for one's own name; absent where that has a button of its own. */
  onRename?(): void;
  onClose(): void;
}

/** People on the board, with the ways to what each of them sees. */
export default function PeopleCard({ people, following, onRename, onClose }: Props) {
  const now = useSyncExternalStore(following.subscribe, following.now);
  return (
    <div className="person-card people-card" role="dialog" aria-label={people.length === 1 ? people[0]!.name : t("People here")} data-testid="people-card">
      {people.map((person) => <PersonWays key={person.id} person={person} now={now} following={following} onClose={onClose} />)}
      {onRename && <button type="button" className="button" onClick={onRename}>{t("Change your name")}</button>}
    </div>
  );
}

function PersonWays({ person, now, following, onClose }: { person: Person; now: Followed | null; following: Following; onClose(): void }) {
  const { id, name } = person;
  const followed = now?.id === id;
  const and = (act: () => void) => () => {
    act();
    onClose();
  };
  return (
    <div className="person-ways" role="group" aria-label={name}>
      <Avatar person={person} />
      <strong>{nameOf(person)}</strong>
      <button type="button" className="button" onClick={and(() => following.goTo(id))}>{t("Go to where they are")}</button>
      <button type="button" className="button" aria-pressed={followed} onClick={and(() => (followed ? following.stop() : following.follow(id)))}>
        {followed ? t("Stop following") : t("Follow")}
      </button>
    </div>
  );
}
