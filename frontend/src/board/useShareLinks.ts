import { useCallback, useEffect, useState } from "react";
import type { Api } from "../api/client";
import type { ShareLink } from "../api/types";
import type { OfferedRole } from "./linkInWords";

export interface ShareLinksState {
  /** Newest first; null until they are here. */
  links: readonly ShareLink[] | null;
  busy: boolean;
  /** Why the last request failed; empty after a success. */
  problem: string;
  /** Makes a link; undefined if that failed. */
  create(role: OfferedRole): Promise<ShareLink | undefined>;
  revoke(link: string): Promise<void>;
}

/** The share links of a board, made and revoked here. */
export function useShareLinks(api: Pick<Api, "share" | "links" | "revoke">, board: string): ShareLinksState {
  const [links, setLinks] = useState<readonly ShareLink[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState("");

  const attempt = useCallback(async <T,>(act: () => Promise<T>): Promise<T | undefined> => {
    setBusy(true);
    setProblem("");
    try {
      return await act();
    } catch (error) {
      setProblem(error instanceof Error ? error.message : String(error));
      return undefined;
    } finally {
      setBusy(false);
    }
  }, []);
  const create = useCallback(
    (role: OfferedRole) =>
      attempt(async () => {
        const made = await api.share(board, { role });
        setLinks((before) => [made, ...(before ?? [])]);
        return made;
      }),
    [api, board, attempt],
  );
  const revoke = useCallback(
    async (link: string) => {
      await attempt(async () => {
        await api.revoke(board, link);
        setLinks((before) => before && before.filter(({ id }) => id !== link));
      });
    },
    [api, board, attempt],
  );
  useEffect(() => {
    const failed = (error: unknown) => setProblem(error instanceof Error ? error.message : String(error));
    api.links(board).then(setLinks, failed);
  }, [api, board]);

  return { links, busy, problem, create, revoke };
}
