import { useCallback, useState } from "react";

/** A setting that the browser stores; `first` until it was set. */
export function useStoredChoice<T extends string>(name: string, first: T): [T, (value: T) => void] {
  const [value, setValue] = useState<T>(() => (read(name) as T | null) ?? first);
  const set = useCallback(
    (next: T) => {
      setValue(next);
      try {
        localStorage.setItem(name, next);
      } catch {
        // storage may be full or forbidden: then the choice lasts as long as the page
      }
    },
    [name],
  );
  return [value, set];
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}
