import type { Checkpoint, Kind } from "../api/types";
import { t } from "../language/t";
import { RadioGroup } from "../ui/RadioGroup";
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
  const options = offered.map(({ name, kind: { title, hint } }) => ({ value: name, content: t(title), title: t(hint), data: { "data-kind": name } }));
  return (
    <div className="field">
      <RadioGroup className="choices kinds" label={t("Kind of picture")} options={options} value={chosen} onChoose={onChoose} />
    </div>
  );
}
