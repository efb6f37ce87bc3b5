import type { Collaborator, Presence } from "./messages";

/** What the others should see of us. */
export type OwnPresence = Omit<Presence, "type">;

/** Who else is on the board, by room session; and what of ourselves the others should see. */
export class People {
  private sessions = new Map<string, Collaborator>();
  private own = "";
  private presence: OwnPresence = {};
  private changed = false;

  enter(session: string, others: Record<string, Collaborator>): void {
    this.own = session;
    this.sessions = new Map(Object.entries(others).filter(([id]) => id !== session));
    this.changed = Object.keys(this.presence).length > 0;
  }

  /** null: that session left. */
  update(users: Record<string, Collaborator | null>): void {
    for (const [session, user] of Object.entries(users)) {
      if (session === this.own) continue;
      if (user) this.sessions.set(session, user);
      else this.sessions.delete(session);
    }
  }

  clear(): void {
    this.sessions.clear();
  }

  get all(): ReadonlyMap<string, Collaborator> {
    return this.sessions;
  }

  /** Notes our own pointer, selection or idleness; the newest wins. */
  show(part: OwnPresence): void {
    this.presence = { ...this.presence, ...part };
    this.changed = true;
  }

  /** What to tell the others, once. */
  takeNews(): OwnPresence | null {
    if (!this.changed) return null;
    this.changed = false;
    return this.presence;
  }
}
