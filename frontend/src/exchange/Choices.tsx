import { useId } from "react";

interface Props<V extends string> {
  label: string;
  value: V;
  options: readonly (readonly [V, string])[];
  onChoose(value: NoInfer<V>): void;
}

/** One of a few, side by side: the browser's own radio buttons, so that arrow keys and screen readers are right. */
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
