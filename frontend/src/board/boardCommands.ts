import type { Command } from "../command/Command";
import type { PanelHandle } from "../generation/PromptPanel";
import { otherLanguages, t, tn } from "../language/t";
import type { LiveHandle } from "../live/LiveSwitch";
import type { MenuProps } from "./Menu";

/** What the menu offers, under the headings of the palette. */
export function menuCommands(menu: MenuProps): Command[] {
  const { config, theme, mayEdit } = menu;
  const { urls, you } = config;
  const group = t("Board");
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  const way = (id: string, label: string, run: (() => void) | undefined, words?: string): Command[] => (run ? [{ id, label, group, words, run }] : []);
  const to = (url: string) => () => location.assign(url);
  return [
    ...way("share", t("Share…"), menu.onShare, t("invite link people")),
    ...way("rename", t("Rename board…"), menu.onRename, t("title name")),
    ...way("new", t("New board"), menu.onNew),
    ...way("boards", t("All boards"), to(urls.boards), t("list home")),
    ...way("history", t("History"), menu.onHistory, t("versions restore go back")),
    ...way("export", t("Export…"), menu.onExport, t("save download png svg")),
    ...way("import", t("Import…"), mayEdit ? menu.onImport : undefined, t("open file excalidraw")),
    ...way("theme", theme === "dark" ? t("Light mode") : t("Dark mode"), () => menu.onTheme(theme === "dark" ? "light" : "dark"), t("theme night")),
    ...otherLanguages(config.languages).flatMap(([code, name]) => way(`language-${code}`, name, () => menu.onLanguage(code), t("language"))),
    ...way("trash", t("Move to trash"), menu.onTrash, t("delete board")),
    ...(you.guest
      ? [...way("login", t("Sign in"), to(urls.login + back)), ...way("signup", t("Sign up"), to(urls.signup + back), t("account"))]
      : way("logout", t("Sign out"), to(urls.logout))),
  ];
}

export interface PictureWays {
  panel: PanelHandle | null;
  live: LiveHandle | null;
  mayEdit: boolean;
  panelOpen: boolean;
  togglePanel(): void;
  frameSelection(): void;
  /** Opens the panel and puts the cursor into its prompt. */
  writePrompt(): void;
}

/** What the panel does. */
export function pictureCommands({ panel, live, mayEdit, panelOpen, togglePanel, frameSelection, writePrompt }: PictureWays): Command[] {
  const group = t("Picture");
  const able = mayEdit ? panel : null;
  return [
    ...(able ? [{ id: "generate", label: t("Generate"), group, note: able.hindrance || undefined, words: t("make picture"), run: () => (able.hindrance ? writePrompt() : able.generate()) }] : []),
    ...(mayEdit ? [
      { id: "prompt", label: t("Write a prompt"), group, words: t("words describe"), run: writePrompt },
      { id: "frame-selection", label: t("Put a frame around the selection"), group, words: t("region"), run: frameSelection },
    ] : []),
    ...(able ? [...countCommands(able, group), ...styleCommands(able, group)] : []),
    ...(mayEdit && live && !live.disabled ? [{ id: "live", label: live.on ? t("Stop live redraw") : t("Start live redraw"), group, run: () => live.flip() }] : []),
    { id: "panel", label: panelOpen ? t("Hide the panel") : t("Show the panel"), group, run: togglePanel },
  ];
}

function countCommands({ count, countMax, setCount }: PanelHandle, group: string): Command[] {
  const counts = countMax > 1 ? Array.from({ length: countMax }, (_, index) => index + 1) : [];
  return counts.map((n) => ({ id: `count-${n}`, label: tn(n, "Make {n} picture at a time", "Make {n} pictures at a time"), group, note: noteIf(n === count), words: t("how many number"), run: () => setCount(n) }));
}

function styleCommands({ styles, style, setStyle }: PanelHandle, group: string): Command[] {
  const choices = styles.length ? [{ name: null, title: t("No style") }, ...styles.map(({ name, title }) => ({ name, title: t(title) }))] : [];
  return choices.map(({ name, title }) => ({ id: `style-${name ?? ""}`, label: t("Style: {title}", { title }), group, note: noteIf(name === style), words: t("look"), run: () => setStyle(name) }));
}

const noteIf = (chosen: boolean) => (chosen ? t("chosen") : undefined);
