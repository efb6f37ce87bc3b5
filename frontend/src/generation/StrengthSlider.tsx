import { balanced, strength_words } from "./strength";

/** How far the picture may depart from the sketch, as five words on a slider. */
export function StrengthSlider({ position, onChange }: { position: number; onChange(position: number): void }) {
  return (
    <div className="field strength">
      <div className="strength-line">
        <label htmlFor="strength" title="Double-click to reset" onDoubleClick={() => onChange(balanced)}>
          How freely
        </label>
        <output htmlFor="strength" data-testid="strength-word">{strength_words[position]}</output>
      </div>
      <input
        id="strength"
        type="range"
        min={0}
        max={strength_words.length - 1}
        step={1}
        value={position}
        aria-valuetext={strength_words[position]}
        onChange={(event) => onChange(Number(event.target.value))}
      />
    </div>
  );
}
