import { useEffect } from "react";
import { BoardsIcon, HistoryIcon, ImportIcon, MoonIcon, PenIcon, PersonIcon, SaveIcon, ShareIcon, SunIcon } from "../ui/icons";
import type { BoardConfig } from "../canvas/config";
import { MainMenu, type Theme } from "../canvas/excalidraw";

interface Props {
  config: BoardConfig;
  theme: Theme;
  onTheme(theme: Theme): void;
  /** Called whenever the menu opens. */
  onOpen(): void;
  mayEdit: boolean;
  onImport(): void;
  onExport(): void;
  /** Absent unless this person owns the board. */
  onRename?(): void;
  onShare(): void;
  onHistory(): void;
}

/** The main menu, in place of Excalidraw's own, whose items lead to other servers. */
export function Menu({ config: { urls, you }, theme, mayEdit, onTheme, onOpen, onImport, onExport, onRename, onShare, onHistory }: Props) {
  const dark = theme === "dark";
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  return (
    <MainMenu>
      <Opened onOpen={onOpen} />
      <MainMenu.Item onSelect={() => location.assign(urls.boards)} icon={<BoardsIcon size={16} />}>All boards</MainMenu.Item>
      {onRename && <MainMenu.Item onSelect={onRename} icon={<PenIcon size={16} />}>Rename…</MainMenu.Item>}
      <MainMenu.Item onSelect={onShare} icon={<ShareIcon size={16} />}>Share…</MainMenu.Item>
      <MainMenu.Item onSelect={onHistory} icon={<HistoryIcon size={16} />}>History</MainMenu.Item>
      <MainMenu.Separator />
      {mayEdit && <MainMenu.Item onSelect={onImport} icon={<ImportIcon size={16} />}>Import…</MainMenu.Item>}
      <MainMenu.Item onSelect={onExport} icon={<SaveIcon size={16} />}>Export…</MainMenu.Item>
      <MainMenu.DefaultItems.SearchMenu />
      <MainMenu.Separator />
      <MainMenu.Item onSelect={() => onTheme(dark ? "light" : "dark")} icon={dark ? <SunIcon size={16} /> : <MoonIcon size={16} />}>
        {dark ? "Light mode" : "Dark mode"}
      </MainMenu.Item>
      <MainMenu.DefaultItems.ChangeCanvasBackground />
      <MainMenu.Separator />
      {you.guest ? (
        <>
          <MainMenu.Item onSelect={() => location.assign(urls.login + back)} icon={<PersonIcon size={16} />}>Sign in</MainMenu.Item>
          <MainMenu.Item onSelect={() => location.assign(urls.signup + back)} icon={<PersonIcon size={16} />}>Sign up</MainMenu.Item>
        </>
      ) : (
        <MainMenu.Item onSelect={() => location.assign(urls.logout)} icon={<PersonIcon size={16} />}>Sign out</MainMenu.Item>
      )}
    </MainMenu>
  );
}

/** Excalidraw mounts what is in the menu when it opens. */
function Opened({ onOpen }: Pick<Props, "onOpen">) {
  useEffect(onOpen, [onOpen]);
  return null;
}
