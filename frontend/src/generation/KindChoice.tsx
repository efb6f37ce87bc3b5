import type { Checkpoint, Kind } from "../api/types";
import { kind_hints, kind_words, kindsOffered } from "./form";

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
        {offered.map((each) => (
          <button key={each} type="button" role="radio" aria-checked={each === chosen} title={kind_hints[each]} data-kind={each} onClick={() => onChoose(each)}>
            {checkpoint.kinds[each]?.title ?? kind_words[each]}
          </button>
        ))}
      </div>
    </div>
  );
}
