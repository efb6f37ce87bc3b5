import { useCallback, useEffect, useState } from "react";
import type { Version, VersionPage, VersionsApi } from "../api/versions";

const look_again_ms = 60_000; // for versions by others and automatic ones

export interface Versions {
  /** null until the first page is here. */
  items: readonly Version[] | null;
  problem: string;
  hasOlder: boolean;
  older(): void;
  refresh(): void;
}

/** The loaded versions of the board, newest first; refreshed once a minute. */
export function useVersions(api: VersionsApi): Versions {
  const [items, setItems] = useState<readonly Version[] | null>(null);
  const [next, setNext] = useState<string | null>(); // undefined until the first page is here
  const [problem, setProblem] = useState("");

  const failed = useCallback((error: unknown) => setProblem(error instanceof Error ? error.message : String(error)), []);
  const refresh = useCallback(() => {
    api.list(null).then((page) => {
      setProblem("");
      setItems((before) => renewed(before ?? [], page));
      setNext((before) => (before === undefined ? page.next : before)); // it goes on where the list ends, not where its first page does
    }, failed);
  }, [api, failed]);
  const older = () => {
    if (!next) return;
    api.list(next).then((page) => {
      setProblem("");
      setItems((before) => continued(before ?? [], page));
      setNext(page.next);
    }, failed);
  };

  useEffect(() => {
    refresh();
    const timer = setInterval(refresh, look_again_ms);
    return () => clearInterval(timer);
  }, [refresh]);

  return { items, problem, hasOlder: Boolean(next), older, refresh };
}

/** The list after its newest page was loaded again: versions gone from that page are removed, older ones stay. */
export function renewed(before: readonly Version[], page: VersionPage): readonly Version[] {
  const oldest = page.items.at(-1);
  if (!oldest || page.next === null) return page.items;
  const there = new Set(page.items.map(({ id }) => id));
  return [...page.items, ...before.filter(({ id, created_at }) => created_at < oldest.created_at && !there.has(id))];
}

export function continued(before: readonly Version[], page: VersionPage): readonly Version[] {
  const here = new Set(before.map(({ id }) => id));
  return [...before, ...page.items.filter(({ id }) => !here.has(id))];
}
