import type { KeyboardEvent } from "react";

const steps: Record<string, 1 | -1 | undefined> = { ArrowDown: 1, ArrowUp: -1 };

/** Key handler of a radio group: focuses and chooses the next or previous radio, cyclic, the first by Home, the last by End. */
export function onRadioKey(event: KeyboardEvent<HTMLElement>): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return;
  const radios = [...event.currentTarget.querySelectorAll<HTMLElement>("[role=radio]:not(:disabled)")];
  const at = radios.indexOf(event.target as HTMLElement);
  const next = at < 0 ? undefined : radios[indexAfter(event, at, radios.length)];
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.click();
}

/** The index to go to; NaN for keys that go nowhere. */
function indexAfter({ key, currentTarget }: KeyboardEvent<HTMLElement>, at: number, count: number): number {
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  const forward = getComputedStyle(currentTarget).direction === "rtl" ? "ArrowLeft" : "ArrowRight";
  const step = steps[key] ?? (key === forward ? 1 : key === "ArrowLeft" || key === "ArrowRight" ? -1 : NaN);
  return (at + step + count) % count;
}
