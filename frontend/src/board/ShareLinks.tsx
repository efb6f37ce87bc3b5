import type { ShareLink } from "../api/types";
import { t } from "../language/t";
import { linkInWords, roleInWords } from "./linkInWords";
import "./ShareLinks.css";

interface Props {
  links: readonly ShareLink[];
  /** Id of the person at this page. */
  you: string;
  onRevoke(link: string): void;
}

/** All links of the board; who made one may revoke it, and the owner, whose own they mostly are. */
export function ShareLinks({ links, you, onRevoke }: Props) {
  return (
    <section className="share-links" aria-label={t("Links to this board")}>
      <h3>{t("Links to this board")}</h3>
      <ul>
        {links.map((link) => (
          <li key={link.id} data-testid="share-link">
            <span><b>{roleInWords(link)}</b><small className="quiet">{linkInWords(link, you)}</small></span>
            <button type="button" className="button small" aria-label={t("Revoke the link “{role}”, {about}", { role: roleInWords(link), about: linkInWords(link, you) })} onClick={() => onRevoke(link.id)}>{t("Revoke")}</button>
          </li>
        ))}
      </ul>
      <p className="quiet">{t("Revoking a link also sends away the people who joined by it.")}</p>
    </section>
  );
}
