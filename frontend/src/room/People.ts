import type { Collaborator, Presence } from "./messages";

/** What the others should see of us. */
export type OwnPresence = Omit<Presence, "type">;

/** The other room sessions of the board, and this page's own presence. */
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

  /** users: by session; null for one that has left. */
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

  /** Sets parts of the own presence: pointer, selection, idle state. */
  show(part: OwnPresence): void {
    this.presence = { ...this.presence, ...part };
    this.changed = true;
  }

  /** The own presence if it has changed since the last call, else null. */
  takeNews(): OwnPresence | null {
    if (!this.changed) return null;
    this.changed = false;
    return this.presence;
  }
}
