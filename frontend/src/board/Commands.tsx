import { useState, type RefObject } from "react";
import type { CanvasSession } from "../canvas/CanvasSession";
import { CommandPalette } from "../command/CommandPalette";
import type { Command } from "../command/Command";
import type { PanelHandle } from "../generation/PromptPanel";
import { t } from "../language/t";
import type { LiveHandle } from "../live/LiveSwitch";
import { menuCommands, pictureCommands } from "./boardCommands";
import { editCommands, frameCommands, peopleCommands, toolCommands, viewCommands } from "./canvasCommands";
import type { MenuProps } from "./Menu";
import type { SidePanelState } from "./useSidePanel";

interface Props {
  /** "frames": only the ways to frames. */
  scope: "commands" | "frames";
  session: CanvasSession;
  menu: MenuProps;
  panel: SidePanelState;
  handles: { panel: RefObject<PanelHandle | null>; live: RefObject<LiveHandle | null> };
  onClose(): void;
}

/** The command palette of the board. Its commands are those that there are when it opens. */
export default function Commands({ scope, onClose, ...parts }: Props) {
  const [commands] = useState(() => (scope === "frames" ? frames(parts) : all(parts)));
  if (scope === "frames")
    return <CommandPalette title={t("Frames")} placeholder={t("Go to frame…")} commands={commands} nothing={t("There is no frame yet. Press F and draw one.")} onClose={onClose} />;
  return <CommandPalette title={t("Commands")} placeholder={t("What do you want to do?")} commands={commands} nothing="" onClose={onClose} />;
}

type Parts = Omit<Props, "scope" | "onClose">;

/** They are called by their names alone: the list says what they are. */
function frames({ session, panel }: Parts): Command[] {
  return onCanvas(frameCommands(session, (name) => name), panel);
}

function all({ session, menu, panel, handles }: Parts): Command[] {
  const { mayEdit } = menu;
  const ways = { panel: handles.panel.current, live: handles.live.current, mayEdit, panelOpen: panel.open, togglePanel: panel.toggle, frameSelection: session.targeting.frameSelection, writePrompt: () => writePrompt(panel) };
  return [
    ...pictureCommands(ways),
    ...menuCommands(menu),
    ...onCanvas([
      ...frameCommands(session),
      ...peopleCommands(session),
      ...(mayEdit ? toolCommands(session) : []),
      ...(mayEdit ? editCommands(session) : []),
      ...viewCommands(session, mayEdit),
    ], panel),
  ];
}

/** After them the canvas has the focus, and no sheet covers it. */
function onCanvas(commands: readonly Command[], panel: SidePanelState): Command[] {
  return commands.map((command) => ({
    ...command,
    run: () => {
      panel.uncoverCanvas();
      document.querySelector<HTMLElement>(".excalidraw")?.focus();
      command.run();
    },
  }));
}

function writePrompt({ open, toggle }: SidePanelState): void {
  if (!open) toggle();
  requestAnimationFrame(() => document.querySelector<HTMLElement>("#panel-body textarea")?.focus());
}
