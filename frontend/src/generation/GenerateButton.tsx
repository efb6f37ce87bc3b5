import type { Checkpoint } from "../api/types";
import { SparkIcon } from "../ui/icons";

interface Props {
  count: number;
  sending: boolean;
  /** Why it is disabled, "" when it is not. */
  hindrance: string;
  /** Why the last request was refused, as far as no field shows it. */
  problem: string | undefined;
  checkpoint: Checkpoint;
  onGenerate(): void;
}

/** The button, and one line below it: what to do first, what went wrong, or the state of the model. */
export function GenerateButton({ count, sending, hindrance, problem, checkpoint, onGenerate }: Props) {
  const refused = !hindrance && Boolean(problem);
  return (
    <div className="generate-line">
      <button type="button" className="button primary generate" data-testid="generate" disabled={Boolean(hindrance) || sending} onClick={onGenerate}>
        <SparkIcon /> {sending ? "Sending…" : count > 1 ? `Generate ${count} pictures` : "Generate"}
      </button>
      <p className="quiet hint" role={refused ? "alert" : undefined} data-problem={refused}>
        {hindrance || problem || statusText(checkpoint) || "Ctrl+Enter"}
      </p>
    </div>
  );
}

function statusText({ status, reason }: Checkpoint): string {
  if (status === "loading") return "The model is still loading. Your picture will wait for it.";
  if (status === "failed") return reason || "No worker is running. Your picture will wait for one.";
  return "";
}
