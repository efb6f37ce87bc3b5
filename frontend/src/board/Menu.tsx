import { BoardsIcon, MoonIcon, PersonIcon, PictureIcon, SaveIcon, ShareIcon, SunIcon } from "../ui/icons";
import type { BoardConfig } from "./config";
import { MainMenu, type Theme } from "./excalidraw";

interface Props {
  config: BoardConfig;
  theme: Theme;
  onTheme(theme: Theme): void;
  onExport(): void;
  onSave(): void;
  onShare(): void;
}

/** Our own main menu: Excalidraw's leads to other people's servers, and its links always open another tab. */
export function Menu({ config: { urls, you }, theme, onTheme, onExport, onSave, onShare }: Props) {
  const dark = theme === "dark";
  const back = `?next=${encodeURIComponent(location.pathname)}`;
  return (
    <MainMenu>
      <MainMenu.Item onSelect={() => location.assign(urls.boards)} icon={<BoardsIcon size={16} />}>All boards</MainMenu.Item>
      <MainMenu.Item onSelect={onShare} icon={<ShareIcon size={16} />}>Share…</MainMenu.Item>
      <MainMenu.Separator />
      <MainMenu.Item onSelect={onExport} icon={<PictureIcon size={16} />}>Export image…</MainMenu.Item>
      <MainMenu.Item onSelect={onSave} icon={<SaveIcon size={16} />}>Save a copy (.excalidraw)</MainMenu.Item>
      <MainMenu.DefaultItems.SearchMenu />
      <MainMenu.Separator />
      <MainMenu.Item onSelect={() => onTheme(dark ? "light" : "dark")} icon={dark ? <SunIcon size={16} /> : <MoonIcon size={16} />}>
        {dark ? "Light" : "Dark"}
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
