import type { CanvasSession } from "../canvas/CanvasSession";
import { peopleOf } from "../canvas/Collaborators";
import { editLink, openMainMenu, selectedCount, takeTool, type SceneElement, type Tool } from "../canvas/excalidraw";
import { namedFrames } from "../canvas/frames";
import { pressKeys } from "../canvas/pressKeys";
import type { Command } from "../command/Command";
import { t } from "../language/t";

type Keyed = Pick<Command, "id" | "label"> & { keys: string };

/** Excalidraw's tools, of those who may edit. */
export function toolCommands({ canvas }: CanvasSession): Command[] {
  const tool = (id: Tool, label: string, keys?: string, words?: string): Command =>
    ({ id: `tool-${id}`, label, group: t("Tools"), keys, words, run: () => takeTool(canvas, id) });
  return [
    tool("selection", t("Select"), "V"),
    tool("hand", t("Hand"), "H", t("pan move")),
    tool("rectangle", t("Rectangle"), "R", t("box square")),
    tool("diamond", t("Diamond"), "D"),
    tool("ellipse", t("Ellipse"), "O", t("circle oval")),
    tool("arrow", t("Arrow"), "A"),
    tool("line", t("Line"), "L"),
    tool("freedraw", t("Draw"), "P", t("pen pencil sketch")),
    tool("text", t("Text"), "T", t("write")),
    tool("image", t("Insert picture…"), "9", t("image photo")),
    tool("eraser", t("Eraser"), "E"),
    tool("frame", t("Frame"), "F", t("draw a region")),
    tool("laser", t("Laser pointer"), "K"),
  ];
}

/** What its own keys do on the canvas. */
function byKeys(group: string, commands: readonly Keyed[]): Command[] {
  return commands.map((command) => ({ ...command, group, run: () => pressKeys(command.keys) }));
}

/** Excalidraw's edits, of those who may edit. */
export function editCommands({ canvas }: CanvasSession): Command[] {
  const group = t("Edit");
  const always = byKeys(group, [
    { id: "undo", label: t("Undo"), keys: "Ctrl+Z" },
    { id: "redo", label: t("Redo"), keys: "Ctrl+Shift+Z" },
    { id: "select-all", label: t("Select all"), keys: "Ctrl+A" },
  ]);
  const count = selectedCount(canvas);
  if (!count) return always;
  const selected = byKeys(group, [
    { id: "duplicate", label: t("Duplicate"), keys: "Ctrl+D" },
    { id: "delete", label: t("Delete"), keys: "Delete" },
    { id: "group", label: t("Group"), keys: "Ctrl+G" },
    { id: "ungroup", label: t("Ungroup"), keys: "Ctrl+Shift+G" },
    { id: "to-front", label: t("Bring to front"), keys: "Ctrl+Shift+]" },
    { id: "to-back", label: t("Send to back"), keys: "Ctrl+Shift+[" },
  ]);
  const link: Command = { id: "link", label: t("Add or change link…"), group, words: t("address"), run: () => editLink(canvas) };
  return [...always, ...selected, ...(count === 1 ? [link] : [])];
}

/** How the canvas is seen; the same for all who may look. mayEdit: the background too. */
export function viewCommands({ canvas }: CanvasSession, mayEdit: boolean): Command[] {
  const group = t("View");
  const background: Command = { id: "background", label: t("Canvas background…"), group, words: t("colour paper"), run: () => openMainMenu(canvas) };
  return [
    ...byKeys(group, [
      { id: "zoom-fit", label: t("Zoom to fit everything"), keys: "Shift+1" },
      { id: "zoom-selection", label: t("Zoom to selection"), keys: "Shift+2" },
      { id: "zoom-in", label: t("Zoom in"), keys: "Ctrl+=" },
      { id: "zoom-out", label: t("Zoom out"), keys: "Ctrl+-" },
      { id: "zoom-reset", label: t("Zoom to 100%"), keys: "Ctrl+0" },
      { id: "grid", label: t("Show or hide the grid"), keys: "Ctrl+'" },
      { id: "zen", label: t("Zen mode: hide or show the tools"), keys: "Alt+Z" },
      { id: "find", label: t("Find on the board"), keys: "Ctrl+F" },
      { id: "help", label: t("Keyboard shortcuts"), keys: "?" },
    ]),
    ...(mayEdit ? [background] : []),
  ];
}

/** One for each frame. labelOf: by the frame's name. */
export function frameCommands({ canvas, targeting }: CanvasSession, labelOf = (name: string) => t("Go to frame “{name}”", { name })): Command[] {
  return namedFrames(canvas.getSceneElements() as readonly SceneElement[]).map(({ id, name }) => ({
    id: `frame-${id}`,
    label: labelOf(name),
    group: t("Frames"),
    run: () => goTo(targeting, id),
  }));
}

/** The ways to what the others see. */
export function peopleCommands({ room, following }: CanvasSession): Command[] {
  const group = t("People");
  const now = following.now();
  const stop: Command[] = now ? [{ id: "unfollow", label: t("Stop following {name}", { name: now.name }), group, run: following.stop }] : [];
  return [
    ...stop,
    ...peopleOf(room).flatMap(({ id, name }) => [
      { id: `follow-${id}`, label: t("Follow {name}", { name }), group, run: () => following.follow(id) },
      { id: `to-${id}`, label: t("Go to where {name} is", { name }), group, run: () => void following.goTo(id) },
    ]),
  ];
}

function goTo(targeting: CanvasSession["targeting"], id: string): void {
  targeting.showElement(id);
  if (targeting.mayEdit) targeting.aimAt(id);
}
