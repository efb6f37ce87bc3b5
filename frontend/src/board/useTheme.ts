import { useCallback, useEffect, useSyncExternalStore } from "react";
import type { Theme } from "../canvas/excalidraw";
import { useStoredChoice } from "./useStoredChoice";

/** The same name as in webapp/static/atelier/theme.js, which applies the choice to every page before it is drawn. */
const name = "atelier:theme";
const system = typeof matchMedia === "function" ? matchMedia("(prefers-color-scheme: dark)") : null;

/** The theme of all pages: the system's, or what the person chose instead. Whoever chooses the system's follows it again. */
export function useTheme(): [Theme, (theme: Theme) => void] {
  const [choice, choose] = useStoredChoice<Theme | "">(name, "");
  const preferred: Theme = useSyncExternalStore(followSystem, () => Boolean(system?.matches)) ? "dark" : "light";
  const theme = choice || preferred;
  useEffect(() => void (document.documentElement.dataset.theme = theme), [theme]);
  const set = useCallback((next: Theme) => choose(next === preferred ? "" : next), [choose, preferred]);
  return [theme, set];
}

function followSystem(listener: () => void): () => void {
  system?.addEventListener("change", listener);
  return () => system?.removeEventListener("change", listener);
}
