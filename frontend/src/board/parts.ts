import { uuid } from "../api/ids";
import type { CanvasParts, LastScene } from "../canvas/CanvasSession";
import type { Quarantine } from "../canvas/Quarantine";
import { socketUrl, type BoardConfig } from "../canvas/config";
import { JobStore } from "../generation/jobStore";
import { Journal } from "../room/Journal";
import { LocalDatabase } from "../room/LocalDatabase";
import { RoomClient } from "../room/RoomClient";
import { errorText, t } from "../language/t";
import { Notices } from "../ui/notices";

const guest = "guest"; // one browser is one guest at a time; whoever signs in takes their changes along

/** Creates what exists before the canvas does: room, jobs and notices, wired to each other. */
export function createParts(config: BoardConfig, quarantine: Quarantine, lastScene: LastScene): CanvasParts {
  const room = createRoom(config);
  const jobs = new JobStore();
  const notices = new Notices();
  room.jobsArrived.on((arrived, all) => jobs.apply(arrived, all));
  room.progressed.on(({ job, step, steps, preview_url }) => jobs.progress(job, step, steps, preview_url));
  room.refused.on(({ code, message }) =>
    notices.show({ key: `refused-${code}`, tone: "problem", text: refusalText(code, message), holds: code === "frozen" || code === "forbidden" ? () => !room.mayEdit : undefined }),
  );
  room.troubled.on(({ code, message }) => notices.show({ key: `trouble-${code}`, tone: "problem", text: errorText(code, message) }));
  followBoardNews(room, notices);
  room.statusChanged.on(() => notices.review());
  return { room, jobs, notices, quarantine, lastScene };
}

function createRoom(config: BoardConfig): RoomClient {
  const queue = uuid().slice(0, 8);
  return new RoomClient({
    url: socketUrl(config.socket),
    you: config.you,
    queue: `${queue}.`,
    journal: new Journal(new LocalDatabase(indexedDB), {
      board: config.board.id,
      person: config.you.guest ? guest : config.you.id,
      formerPerson: guest,
      queue,
      locks: navigator.locks as LockManager | undefined,
    }),
  });
}

/** Keeps the title of the window, and says when a frozen board can be changed again. */
function followBoardNews(room: RoomClient, notices: Notices): void {
  let frozen = false;
  room.boardUpdated.on(({ title }) => {
    if (title) document.title = `${title} – Atelier`;
  });
  room.statusChanged.on(() => {
    if (frozen && !room.frozen) notices.show({ key: "thawed", text: t("This board is no longer frozen."), holds: () => !room.frozen });
    frozen = room.frozen;
  });
}

const refusals = new Map(Object.entries({
  element_too_big: () => t("An element is too large to save, so the change was undone. Draw a very long stroke in parts."),
  board_full: () => t("This board is full. Delete something before you add more."),
  frozen: () => t("This board is frozen. Your last change was undone."),
  forbidden: () => t("You can only view this board. Your last change was undone."),
}));

function refusalText(code: string, message: string): string {
  return refusals.get(code)?.() ?? t("A change could not be saved and was undone. ({message})", { message: errorText(code, message) });
}
