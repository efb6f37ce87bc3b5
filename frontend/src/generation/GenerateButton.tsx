import type { Ref } from "react";
import type { Checkpoint } from "../api/types";
import { t } from "../language/t";
import { keyNames } from "../ui/keys";
import { SparkIcon } from "../ui/icons";
import { CountChoice } from "./CountChoice";

interface Props {
  count: number;
  /** The most pictures that may be asked for at once; 1: there is no choice. */
  countMax: number;
  sending: boolean;
  /** Why it is disabled, "" when it is not. */
  hindrance: string;
  /** Why the last request was refused, as far as no field shows it. */
  problem: string | undefined;
  checkpoint: Checkpoint;
  onCount(count: number): void;
  onGenerate(): void;
  ref?: Ref<HTMLButtonElement>;
}

/** The button with the number of pictures, and one line below: what to do first, what went wrong, or the state of the model. */
export function GenerateButton({ count, countMax, sending, hindrance, problem, checkpoint, onCount, onGenerate, ref }: Props) {
  const refused = !hindrance && Boolean(problem);
  return (
    <div className="generate-line">
      <div className="generate-row">
        {countMax > 1 && <CountChoice count={count} max={countMax} onChoose={onCount} />}
        {/* While sending it is not `disabled`: that would take the focus away from it. */}
        <button ref={ref} type="button" className="button primary generate" data-testid="generate" disabled={Boolean(hindrance)} aria-disabled={sending || undefined} onClick={() => sending || onGenerate()}>
          <SparkIcon /> {sending ? t("Sending…") : count > 1 ? t("Generate {n}", { n: count }) : t("Generate")}
        </button>
      </div>
      <p className="quiet hint" role={refused ? "alert" : undefined} data-problem={refused}>
        {hindrance || problem || statusText(checkpoint) || <span className="shortcut">{keyNames("Ctrl+Enter")}</span>}
      </p>
    </div>
  );
}

const no_worker = "No worker is running.";

/** reason: the server's, for operators; people are told what it means for them. */
function statusText({ status, reason, title }: Checkpoint): string {
  if (status === "loading") return t("The model is still loading. Your picture will wait for it.");
  if (status !== "failed") return "";
  if (!reason || reason === no_worker) return t("Nothing can draw at the moment. Your picture will wait.");
  return t("{title} is not on this server. Choose another model.", { title: t(title) });
}
