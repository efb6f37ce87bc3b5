import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { createApi } from "../api/client";
import { uuid } from "../api/ids";
import type { Job } from "../api/types";
import { takeDrops } from "../exchange/drop";
import { takePastes } from "../exchange/paste";
import { pickFiles } from "../exchange/pick";
import { JobOverlay } from "../generation/JobOverlay";
import { PromptPanel } from "../generation/PromptPanel";
import type { QueueActions } from "../generation/Queue";
import { Earlier } from "../staging/Earlier";
import { NoticeList } from "../ui/NoticeList";
import { ShareDialog } from "../ui/ShareDialog";
import { StatusChip } from "../ui/StatusChip";
import { Part } from "../errors/ErrorBoundary";
import type { Quarantine } from "../canvas/Quarantine";
import { assemble, type CanvasSession, type LastScene, type Uploads } from "../canvas/CanvasSession";
import { Canvas } from "../canvas/Canvas";
import type { BoardConfig } from "../canvas/config";
import { isPhoneLayout, type Theme } from "../canvas/excalidraw";
import { Exchange } from "../canvas/CanvasExchange";
import { Menu } from "./Menu";
import { saving } from "./saving";
import { ScenePreview } from "../canvas/ScenePreview";
import { SidePanel } from "./SidePanel";
import { exposeForTests } from "./testHook";
import { TopBar } from "./TopBar";
import { useKept } from "./useKept";
import { useLiveSeen } from "./useLiveSeen";
import { useRoom } from "./useRoom";
import "./Board.css";

const History = lazy(() => import("../history/History"));
const LiveOnBoard = lazy(() => import("./LiveOnBoard"));
const LiveSwitch = lazy(() => import("../live/LiveSwitch"));
const Staging = lazy(() => import("../staging/Staging"));
const RenameDialog = lazy(() => import("./RenameDialog"));
const ExportDialog = lazy(() => import("../exchange/ExportDialog"));
const sheet_screen = "(width <= 1060px)"; // a column beside it would leave the canvas too narrow for its tools

/** The page: canvas and panel side by side, and what floats above them. */
export function Board({ config, aside, last }: { config: BoardConfig; aside: Quarantine; last: LastScene }) {
  const api = useMemo(() => createApi(config.api), [config]);
  const parts = useMemo(() => assemble(config, aside, last), [config, aside, last]);
  const { room, jobs, notices } = parts;
  const [session, setSession] = useState<CanvasSession | null>(null);
  const [uploads, setUploads] = useState<Uploads>({ pending: 0, failed: 0 });
  const [sharing, setSharing] = useState(false);
  const [exporting, setExporting] = useState(false);
  const [title, setTitle] = useState(config.board.title);
  const [renaming, setRenaming] = useState(false);
  const [historyOver, setHistoryOver] = useState<HTMLElement | null>(null);
  const [theme, setTheme] = useKept<Theme>("atelier:theme", "light");
  const [open, setOpen] = useState(() => !matchMedia(sheet_screen).matches);
  const state = useRoom(room);
  const chip = saving({ ...state, pending: state.pending + uploads.pending, failed: uploads.failed });

  useEffect(() => {
    const back = () => void (document.hidden || room.hurry());
    window.addEventListener("online", back);
    document.addEventListener("visibilitychange", back);
    return () => {
      window.removeEventListener("online", back);
      document.removeEventListener("visibilitychange", back);
    };
  }, [room]);
  useEffect(() => room.boardNews.on((news) => news.title && setTitle(news.title)), [room]);
  useEffect(() => (session ? exposeForTests(session) : undefined), [session]);

  const say = useCallback((error: unknown) => {
    notices.show({ key: "action", tone: "problem", text: error instanceof Error ? error.message : String(error) });
  }, [notices]);
  const mayCancel = (job: Job) => state.role === "owner" || job.created_by?.id === room.you.id;
  const cancel = (job: Job) => void api.cancel(job.id).then((after) => jobs.apply([after]), say);
  const retry = (job: Job) => void api.retry(job.id, uuid()).then((again) => {
    if (again.placement !== "stage") jobs.expect(again.id);
    jobs.apply([{ ...again, retry_of: job.id }]);
  }, say);
  const queue: QueueActions = {
    you: room.you.id,
    mayCancel,
    onCancel: cancel,
    onCancelMine: () => void api.cancelMine(config.board.id).then((after) => jobs.apply(after), say),
    onRunNext: state.role === "owner" ? (job) => void api.runNext(job.id).then((after) => jobs.apply([after]), say) : undefined,
  };
  const liveSeen = useLiveSeen(room);
  const choosing = useSyncExternalStore(jobs.subscribe, () => jobs.staged().length > 0);
  const rename = useCallback(async (name: string) => {
    await api.rename(name);
    room.reenter(); // the others see a name as it was on entering
  }, [api, room]);
  const openSharing = useCallback(() => setSharing(true), []);

  const exchange = useMemo(
    () => session && new Exchange(session, title, (format) => `${config.api}/boards/${config.board.id}/render.${format}`),
    [session, config, title],
  );
  const bring = useCallback((files: File[], how?: "merge" | "copy") => {
    if (!exchange) return;
    const importer = { api, board: config.board.id, port: exchange, notices };
    void import("../exchange/importing").then(({ importFiles }) => importFiles(files, importer, how)).catch(say);
  }, [exchange, api, config, notices, say]);

  const bar = useMemo(() => <TopBar room={room} config={config} rename={rename} onShare={openSharing} />, [room, config, rename, openSharing]);
  const topRight = useCallback((narrow: boolean) => (narrow ? null : bar), [bar]);
  const menu = useMemo(
    () => (
      <Menu
        config={config}
        theme={theme}
        onTheme={setTheme}
        onRename={state.role === "owner" ? () => setRenaming(true) : undefined}
        onShare={openSharing}
        onHistory={() => setHistoryOver(canvas.current)}
        mayEdit={state.mayEdit}
        onImport={() => pickFiles(bring)}
        onExport={() => setExporting(true)}
      />
    ),
    [config, theme, setTheme, openSharing, state.mayEdit, state.role, bring],
  );
  const footer = useMemo(() => <div className="footer-chip"><StatusChip state={chip.state} text={chip.text} /></div>, [chip.state, chip.text]);
  const canvas = useRef<HTMLElement>(null);
  const phone = usePhoneLayout(canvas);
  useEffect(() => takeDrops(canvas.current!, bring), [bring]);
  useEffect(() => takePastes(canvas.current!, (files) => bring(files, "copy")), [bring]);
  const closeHistory = useCallback(() => {
    setHistoryOver(null);
    canvas.current?.querySelector<HTMLElement>(".excalidraw")?.focus();
  }, []);
  const makeRoom = useCallback(() => {
    if (matchMedia(sheet_screen).matches) setOpen(false);
  }, []);

  return (
    <div className="atelier board-page" data-theme={theme}>
      <main className="board-canvas" data-testid="canvas" ref={canvas}>
        <h1 className="unseen">{title}</h1>
        <Canvas
          parts={parts}
          server={api}
          board={config.board.id}
          theme={theme}
          viewOnly={!state.mayEdit}
          menu={menu}
          footer={footer}
          topRight={topRight}
          onSession={setSession}
          onUploads={setUploads}
        />
        {!state.synced && state.line !== "closed" && <p className="ours opening" role="status">Opening the board…</p>}
        {session && (
          <Part name="The view of running jobs">
            <JobOverlay store={jobs} board={session.targeting} mayCancel={mayCancel} onCancel={cancel} onRetry={retry} />
          </Part>
        )}
        {session && liveSeen && (
          <Part name="Live redraw">
            <Suspense>
              <LiveOnBoard session={session} api={api} board={config.board.id} jobs={jobs} notices={notices} />
            </Suspense>
          </Part>
        )}
        {session && choosing && (
          <Part name="The choice of pictures">
            <Suspense>
              <Staging base={config.api} boardId={config.board.id} you={room.you.id} store={jobs} board={session.targeting} notices={notices} mayCancel={mayCancel} onCancel={cancel} />
            </Suspense>
          </Part>
        )}
        {state.line === "closed" && (
          <div className="ours closed" role="alert">
            <p>{state.closedBecause}</p>
            <button type="button" className="button primary" onClick={() => location.reload()}>Reload board</button>
          </div>
        )}
        <NoticeList notices={notices} />
      </main>
      <SidePanel open={open} onToggle={() => setOpen(!open)} bar={phone && <><StatusChip state={chip.state} text={chip.text} />{bar}</>}>
        {session && (
          <Part name="The panel">
            <PromptPanel api={api} boardId={config.board.id} board={session.targeting} store={jobs} promptMax={room.limits.prompt_max} open={open} queue={queue} onAway={makeRoom} live={(target, params) => <Suspense><LiveSwitch room={room} frame={target.id} params={params} /></Suspense>}>
              <Earlier base={config.api} boardId={config.board.id} store={jobs} board={session.targeting} onAway={makeRoom} />
            </PromptPanel>
          </Part>
        )}
      </SidePanel>
      {historyOver && session && (
        <Part name="History">
          <Suspense>
            <History
              base={config.api}
              board={config.board.id}
              mayEdit={state.mayEdit}
              notices={notices}
              canvas={historyOver}
              draw={(scene) => <ScenePreview scene={scene} live={session.canvas} theme={theme} />}
              onClose={closeHistory}
            />
          </Suspense>
        </Part>
      )}
      {exporting && exchange && (
        <Part name="Export">
          <Suspense>
            <ExportDialog port={exchange} zipUrl={`${config.api}/boards/${config.board.id}/export.zip`} onClose={() => setExporting(false)} />
          </Suspense>
        </Part>
      )}
      {renaming && (
        <Suspense>
          <RenameDialog title={title} rename={(next) => api.renameBoard(config.board.id, next)} onClose={() => setRenaming(false)} />
        </Suspense>
      )}
      {sharing && (
        <ShareDialog
          address={state.role === "owner" ? undefined : location.href}
          share={async (role) => new URL((await api.share(config.board.id, role)).url, location.href).href}
          onClose={() => setSharing(false)}
        />
      )}
    </div>
  );
}

/** Whether the canvas is so small that Excalidraw shows its layout for phones. */
function usePhoneLayout(canvas: React.RefObject<HTMLElement | null>): boolean {
  const [phone, setPhone] = useState(() => isPhoneLayout(innerWidth, innerHeight));
  useEffect(() => {
    const observer = new ResizeObserver(([entry]) => setPhone(isPhoneLayout(entry!.contentRect.width, entry!.contentRect.height)));
    observer.observe(canvas.current!);
    return () => observer.disconnect();
  }, [canvas]);
  return phone;
}
