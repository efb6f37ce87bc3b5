import type { Checkpoint, Kind } from "../api/types";
import { kindsOffered } from "./form";

interface Props {
  checkpoint: Checkpoint;
  checkpoints: readonly Checkpoint[];
  chosen: Kind;
  onChoose(kind: Kind): void;
}

/** The kinds of picture as radio buttons; nothing where there is no choice. */
export function KindChoice({ checkpoint, checkpoints, chosen, onChoose }: Props) {
  const offered = kindsOffered(checkpoint, checkpoints);
  if (offered.length < 2) return null;
  return (
    <div className="field">
      <div className="choices kinds" role="radiogroup" aria-label="Kind of picture" data-count={offered.length}>
        {offered.map(({ name, kind: { title, hint } }) => (
          <button key={name} type="button" role="radio" aria-checked={name === chosen} title={hint} data-kind={name} onClick={() => onChoose(name)}>
            {title}
          </button>
        ))}
      </div>
    </div>
  );
}
