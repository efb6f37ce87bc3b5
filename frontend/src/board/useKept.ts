import { useCallback, useState } from "react";

/** A choice of this person on this device. */
export function useKept<T extends string>(name: string, first: T): [T, (value: T) => void] {
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
