import { readStored, writeStored } from "../ui/stored";

const name = "atelier.count";

/** How many pictures this person asked for last; 1 at first. */
export function storedCount(): number {
  const found = readStored(name);
  return typeof found === "number" && Number.isInteger(found) && found >= 1 ? found : 1;
}

export const storeCount = (count: number): void => writeStored(name, count);
