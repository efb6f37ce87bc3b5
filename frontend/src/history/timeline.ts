import type { Version } from "../api/versions";
import { t, timeText } from "../language/t";

export interface Day {
  /** In words: Today, Yesterday, or the date. */
  title: string;
  versions: Version[];
}

/** Versions under the days on which they were made, in the order given, by this browser's clock and language. */
export function byDay(versions: readonly Version[], now: Date): Day[] {
  const days: Day[] = [];
  for (const version of versions) {
    const title = dayOf(new Date(version.created_at), now);
    if (days.at(-1)?.title !== title) days.push({ title, versions: [] });
    days.at(-1)!.versions.push(version);
  }
  return days;
}

export function timeOf(version: Version): string {
  return timeText(new Date(version.created_at), { hour: "2-digit", minute: "2-digit" });
}

/** Title of a version below its day: its name, else its time. */
export function titleOf(version: Version): string {
  return version.name || timeOf(version);
}

/** Second line of a version: when a named one was made, else why this one was. */
export function noteOf(version: Version): string {
  if (version.name) return timeOf(version);
  return version.before_restore_of ? t("Before going back") : t("Saved automatically");
}

/** Name and time of a version, for a sentence. */
export function inWords(version: Version, now: Date): string {
  const when = `${dayOf(new Date(version.created_at), now)}, ${timeOf(version)}`;
  return version.name ? t("“{name}” ({when})", { name: version.name, when }) : when;
}

function dayOf(time: Date, now: Date): string {
  const days = Math.round((midnight(now) - midnight(time)) / 86_400_000); // rounded: two days a year have no 24 hours
  if (days === 0) return t("Today");
  if (days === 1) return t("Yesterday");
  const year = time.getFullYear() === now.getFullYear() ? undefined : ("numeric" as const);
  return timeText(time, { weekday: "long", day: "numeric", month: "long", year });
}

function midnight(time: Date): number {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate()).getTime();
}
