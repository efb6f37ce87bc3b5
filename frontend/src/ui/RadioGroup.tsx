import type { ReactNode } from "react";
import { onRadioKey } from "./radioKeys";

export interface RadioOption<V> {
  value: V;
  /** What is shown, and the name where `label` is missing. */
  content: ReactNode;
  label?: string;
  title?: string;
  /** More attributes, as data-kind. */
  data?: Record<`data-${string}`, string>;
}

interface Props<V> {
  label: string;
  options: readonly RadioOption<V>[];
  value: V;
  onChoose(value: V): void;
  className?: string;
}

/** Radio buttons that look like buttons. One of them is in the tab order; arrow keys, Home and End choose another. */
export function RadioGroup<V extends string | number | null>({ label, options, value, onChoose, className = "choices" }: Props<V>) {
  const inOrder = options.some((option) => option.value === value) ? value : options[0]?.value;
  return (
    <div className={className} role="radiogroup" aria-label={label} data-count={options.length} onKeyDown={onRadioKey}>
      {options.map((option) => (
        <button
          key={String(option.value)} type="button" role="radio" aria-checked={option.value === value} tabIndex={option.value === inOrder ? 0 : -1}
          aria-label={option.label} title={option.title} {...option.data} onClick={() => onChoose(option.value)}
        >
          {option.content}
        </button>
      ))}
    </div>
  );
}
