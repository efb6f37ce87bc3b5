import { useEffect } from "react";
import { keyNames } from "../ui/keys";
import { BoardsIcon, CommandIcon, FrameIcon, HistoryIcon, ImportIcon, LanguageIcon, MoonIcon, PenIcon, PersonIcon, PlusIcon, SaveIcon, ShareIcon, SunIcon, TrashIcon } from "../ui/icons";
import type { BoardConfig } from "../canvas/config";
import { MainMenu, type Theme } from "../canvas/excalidraw";
import { otherLanguages, t } from "../language/t";

/** What the menu offers, and the command palette too. */
export interface MenuProps {
  config: BoardConfig;
  theme: Theme;
  onTheme(theme: Theme): void;
  /** Called whenever the menu opens, its result when that closes. */
  onOpen(): () => void;
  mayEdit: boolean;
  onImport(): void;
  onExport(): void;
  onNew(): void;
  /** Absent unless this person owns the board. */
  onRename?(): void;
  onTrash?(): void;
  /** Absent where this person cannot invite anybody. */
  onShare?(): void;
  onHistory(): void;
  onCommands(): void;
  onFrames(): void;
  /** Shows the page in another language. */
  onLanguage(code: string): void;
}

/** The main menu, in place of Excalidraw's own, whose items lead to other servers. */
export function Menu({ config: { urls, you, languages }, theme, mayEdit, onTheme, onOpen, onImport, onExport, onNew, onRename, onTrash, onShare, onHistory, onCommands, onFrames, onLanguage }: MenuProps) {
  const dark = theme === "dark";
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  return (
    <MainMenu>
      <Opened onOpen={onOpen} />
      <MainMenu.Item onSelect={() => location.assign(urls.boards)} icon={<BoardsIcon size={16} />}>{t("All boards")}</MainMenu.Item>
      <MainMenu.Item onSelect={onNew} icon={<PlusIcon size={16} />}>{t("New board")}</MainMenu.Item>
      <MainMenu.Separator />
      {onRename && <MainMenu.Item onSelect={onRename} icon={<PenIcon size={16} />}>{t("Rename…")}</MainMenu.Item>}
      {onShare && <MainMenu.Item onSelect={onShare} icon={<ShareIcon size={16} />}>{t("Share…")}</MainMenu.Item>}
      <MainMenu.Item onSelect={onHistory} icon={<HistoryIcon size={16} />}>{t("History")}</MainMenu.Item>
      {onTrash && <MainMenu.Item onSelect={onTrash} icon={<TrashIcon size={16} />}>{t("Move to trash")}</MainMenu.Item>}
      <MainMenu.Separator />
      {mayEdit && <MainMenu.Item onSelect={onImport} icon={<ImportIcon size={16} />}>{t("Import…")}</MainMenu.Item>}
      <MainMenu.Item onSelect={onExport} icon={<SaveIcon size={16} />}>{t("Export…")}</MainMenu.Item>
      <MainMenu.Item onSelect={onCommands} icon={<CommandIcon size={16} />} shortcut={keyNames("Ctrl+K")} data-testid="menu-commands">{t("Command palette…")}</MainMenu.Item>
      <MainMenu.DefaultItems.SearchMenu />
      <MainMenu.Item onSelect={onFrames} icon={<FrameIcon size={16} />} data-testid="menu-frames">{t("Frames…")}</MainMenu.Item>
      <MainMenu.Separator />
      <MainMenu.Item onSelect={() => onTheme(dark ? "light" : "dark")} icon={dark ? <SunIcon size={16} /> : <MoonIcon size={16} />}>
        {dark ? t("Light mode") : t("Dark mode")}
      </MainMenu.Item>
      {otherLanguages(languages).map(([code, name]) => (
        <MainMenu.Item key={code} onSelect={() => onLanguage(code)} icon={<LanguageIcon size={16} />} lang={code} data-testid="menu-language">{name}</MainMenu.Item>
      ))}
      <MainMenu.DefaultItems.ChangeCanvasBackground />
      <MainMenu.Separator />
      {you.guest ? (
        <>
          <MainMenu.Item onSelect={() => location.assign(urls.login + back)} icon={<PersonIcon size={16} />}>{t("Sign in")}</MainMenu.Item>
          <MainMenu.Item onSelect={() => location.assign(urls.signup + back)} icon={<PersonIcon size={16} />}>{t("Sign up")}</MainMenu.Item>
        </>
      ) : (
        <MainMenu.Item onSelect={() => location.assign(urls.logout)} icon={<PersonIcon size={16} />}>{t("Sign out")}</MainMenu.Item>
      )}
    </MainMenu>
  );
}

/** Excalidraw mounts what is in the menu when it opens. */
function Opened({ onOpen }: Pick<MenuProps, "onOpen">) {
  useEffect(onOpen, [onOpen]);
  return null;
}
