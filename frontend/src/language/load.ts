import { setLanguage, type Catalogue } from "./t";

/** The languages beside English, each loaded when it is needed. */
const catalogues = new Map<string, () => Promise<{ default: Catalogue }>>([["de", () => import("./de.json")]]);

/** Loads the translations for the language of the page. In English, and where they cannot be had, the texts stay as they are. */
export async function loadLanguage(tag: string): Promise<void> {
  const catalogue = await catalogues.get(tag)?.().catch(() => null);
  if (catalogue) setLanguage(tag, catalogue.default);
}
