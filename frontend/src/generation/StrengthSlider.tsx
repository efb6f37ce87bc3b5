import { balanced, strengthWords } from "./strength";
import { t } from "../language/t";

/** How far the picture may depart from the sketch, as five words on a slider. */
export function StrengthSlider({ position, onChange }: { position: number; onChange(position: number): void }) {
  const words = strengthWords();
  return (
    <div className="field strength">
      <div className="strength-line">
        <label htmlFor="strength" title={t("Double-click to reset")} onDoubleClick={() => onChange(balanced)}>
          {t("How freely")}
        </label>
        <output htmlFor="strength" data-testid="strength-word">{words[position]}</output>
      </div>
      <input
        id="strength"
        type="range"
        min={0}
        max={words.length - 1}
        step={1}
        value={position}
        aria-valuetext={words[position]}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}
