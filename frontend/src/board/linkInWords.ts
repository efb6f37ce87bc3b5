import type { ShareLink } from "../api/types";
import { t, timeText, tn } from "../language/t";

/** The roles for which this page makes links; a program may make others. */
export const offered = ["edit", "view"] as const;
export type OfferedRole = (typeof offered)[number];

/** The whole address of a link; null where it cannot be shown any more. */
export function urlOf({ url }: Pick<ShareLink, "url">): string | null {
  return url ? new URL(url, location.href).href : null;
}

/** True for a link of this role to offer again: it can be shown, asks for no password and does not end. */
export function isPlain(link: ShareLink, role: OfferedRole): boolean {
  return link.role === role && link.url !== null && !link.password && link.expires_at === null;
}

export function roleInWords({ role }: Pick<ShareLink, "role">): string {
  return { edit: t("Can draw"), view: t("Can view"), comment: t("Can comment") }[role];
}

/** What is known of a link, in one line: when it was made and by whom, when it ends, who came by it. you: id of the reader. */
export function linkInWords(link: ShareLink, you: string): string {
  const made = dayOf(link.created_at);
  const by = link.created_by && link.created_by.id !== you ? t("made {made} by {name}", { made, name: link.created_by.name }) : t("made {made}", { made });
  const ends = link.expires_at ? t("ends {day}", { day: dayOf(link.expires_at) }) : "";
  const uses = link.uses ? tn(link.uses, "{n} person joined", "{n} people joined") : t("nobody joined yet");
  return [by, ends, link.password ? t("with a password") : "", uses].filter(Boolean).join(" · ");
}

function dayOf(time: string): string {
  return timeText(new Date(time), { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit" });
}
