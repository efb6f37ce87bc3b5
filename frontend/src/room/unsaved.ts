import { takesIncoming } from "./reconcile";
import type { WireElement } from "./protocol";

/** Where changes wait that the server has not confirmed, so that closing the page offline loses nothing. */
export interface Unsaved {
  /** What this and earlier pages of the board left behind. */
  load(): WireElement[];
  save(elements: WireElement[]): void;
}

/**
 * Keeps them in localStorage, one entry per page: two tabs must not overwrite each other.
 *
 * A full or forbidden storage is not an error: the changes are still in the page.
 */
export function unsavedIn(storage: Storage, board: string, page: string): Unsaved {
  const prefix = `atelier:unsaved:${board}:`;
  const own = prefix + page;
  const save = (elements: WireElement[]) => {
    try {
      if (elements.length) storage.setItem(own, JSON.stringify(elements));
      else storage.removeItem(own);
    } catch {
      storage.removeItem(own);
    }
  };
  return {
    load() {
      const newest = new Map<string, WireElement>();
      for (const key of Object.keys(storage).filter((name) => name.startsWith(prefix))) {
        for (const element of read(storage, key)) {
          if (takesIncoming(newest.get(element.id), element)) newest.set(element.id, element);
        }
        storage.removeItem(key);
      }
      save([...newest.values()]);
      return [...newest.values()];
    },
    save,
  };
}

function read(storage: Storage, key: string): WireElement[] {
  try {
    const found: unknown = JSON.parse(storage.getItem(key) ?? "[]");
    return Array.isArray(found) ? (found as WireElement[]) : [];
  } catch {
    return [];
  }
}
