import { usePeople } from "../canvas/Collaborators";
import { t } from "../language/t";
import type { RoomClient } from "../room/RoomClient";
import "./SeeItTogether.css";

/** Invites somebody to a welcome board; gone once somebody else is here. */
export function SeeItTogether({ room, onInvite }: { room: RoomClient; onInvite(): void }) {
  const people = usePeople(room);
  return people.length ? null : (
    <span className="ours see-it"><button type="button" className="button see-together" data-testid="see-together" onClick={onInvite}>{t("See it together")}</button></span>
  );
}
