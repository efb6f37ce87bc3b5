import { t } from "../language/t";
import { RadioGroup } from "../ui/RadioGroup";
import "./CountChoice.css";

interface Props {
  count: number;
  max: number;
  onChoose(count: number): void;
}

/** How many pictures to make at once, as small radio buttons. */
export function CountChoice({ count, max, onChoose }: Props) {
  const options = Array.from({ length: max }, (_, index) => ({ value: index + 1, content: index + 1 }));
  return <RadioGroup className="choices counts" label={t("Number of pictures")} options={options} value={count} onChoose={onChoose} />;
}
