import { useId } from "react";
import { t } from "../language/t";

interface Props {
  label: string;
  value: number | undefined;
  /** The default, shown while nothing is typed. */
  usual: number | undefined;
  limits?: [number, number];
  step: number;
  error?: string;
  /** undefined: back to the default. */
  onChange(value: number | undefined): void;
}

export function NumberField({ label, value, usual, limits, step, error, onChange }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} title={t("Double-click to reset")} onDoubleClick={() => onChange(undefined)}>
        {label}
      </label>
      <input
        id={id}
        type="number"
        inputMode="decimal"
        min={limits?.[0]}
        max={limits?.[1]}
        step={step}
        value={value ?? ""}
        placeholder={usual === undefined ? undefined : String(usual)}
        aria-invalid={error ? true : undefined}
        aria-describedby={error ? `${id}-error` : undefined}
        onChange={(event) => onChange(event.target.value === "" ? undefined : Number(event.target.value))}
      />
      {error && <span id={`${id}-error`} className="error" role="alert">{error}</span>}
    </div>
  );
}
