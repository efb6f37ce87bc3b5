import type { Checkpoint } from "../api/types";
import { t, tn } from "../language/t";

/** The models that this server knows but cannot draw with, folded, with what they would do. */
export function Unavailable({ checkpoints }: { checkpoints: readonly Checkpoint[] }) {
  const n = checkpoints.length;
  if (!n) return null;
  return (
    <details className="unavailable" data-testid="unavailable">
      <summary>{tn(n, "Ask your operator: {n} more model", "Ask your operator: {n} more models")}</summary>
      <p className="quiet">{t("These models are not on this server yet. Whoever runs it can add them.")}</p>
      <ul>
        {checkpoints.map(({ name, title, description }) => (
          <li key={name}>
            <strong>{t(title)}</strong>
            <span>{t(description)}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}
