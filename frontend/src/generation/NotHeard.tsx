import type { Hearing } from "../api/client";
import { tn } from "../language/t";

/** Says which words of a text the model does not hear; nothing if it hears all. */
export function NotHeard({ heard, not_heard }: Hearing["prompt"]) {
  if (!not_heard) return null;
  const words = heard.split(/\s+/).filter(Boolean).length;
  return (
    <p className="not-heard" role="status" data-testid="not-heard">
      {tn(words, "This model hears the first word only. Not heard: “{rest}”", "This model hears the first {n} words only. Not heard: “{rest}”", { rest: not_heard })}
    </p>
  );
}
