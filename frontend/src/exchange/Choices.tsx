import { useId } from "react";

interface Props<V extends string> {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onChoose(value: NoInfer<V>): void;
}

/** Radio buttons side by side; the browser's own, for arrow keys and screen readers. */
export function Choices<V extends string>({ label, value, options, onChoose }: Props<V>) {
  const name = useId();
  return (
    <div className="choices radios" role="radiogroup" aria-label={label}>
      {options.map(([each, text]) => (
        <label key={each}>
          <input type="radio" name={name} value={each} checked={each === value} onChange={() => onChoose(each)} />
          <span>{text}</span>
        </label>
      ))}
    </div>
  );
}
