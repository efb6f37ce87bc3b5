import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState } from "react";
import { createApi } from "../api/client";
import { Canvas } from "../canvas/Canvas";
import { CanvasExchange } from "../canvas/CanvasExchange";
import type { CanvasSession, LastScene, Uploads } from "../canvas/CanvasSession";
import type { BoardConfig } from "../canvas/config";
import type { Quarantine } from "../canvas/Quarantine";
import { Part } from "../errors/ErrorBoundary";
import { pickFiles } from "../exchange/pick";
import { PromptPanel, type PanelHandle } from "../generation/PromptPanel";
import { LiveSwitch, type LiveHandle } from "../live/LiveSwitch";
import { Earlier } from "../staging/Earlier";
import { NoticeList } from "../ui/NoticeList";
import { StatusChip } from "../ui/StatusChip";
import { BoardHistory } from "./BoardHistory";
import { BoardTitle } from "./BoardTitle";
import { ConnectionState } from "./ConnectionState";
import { Dialogs } from "./Dialogs";
import { jobActions } from "./jobActions";
import { leaving } from "./leaving";
import { Menu, type MenuProps } from "./Menu";
import { Overlays } from "./Overlays";
import { createParts } from "./parts";
import { saving } from "./saving";
import { SeeItTogether } from "./SeeItTogether";
import { SidePanel } from "./SidePanel";
import { SkipLink } from "./SkipLink";
import { exposeForTests } from "./testHook";
import { TopBar } from "./TopBar";
import { useCanvasRoom } from "./useCanvasRoom";
import { useCommandKey } from "./useCommandKey";
import { useDialogs } from "./useDialogs";
import { useHistory } from "./useHistory";
import { useImport } from "./useImport";
import { useReconnect } from "./useReconnect";
import { useRoom } from "./useRoom";
import { useSidePanel } from "./useSidePanel";
import { useSteadyView } from "./useSteadyView";
import { useTheme } from "./useTheme";
import { useTitle } from "./useTitle";
import { t } from "../language/t";
import "./Board.css";

const loadCommands = () => import("./Commands");
const Commands = lazy(loadCommands);
const settled_ms = 5_000; // by then the page has what it needs at first

interface Props {
  config: BoardConfig;
  quarantine: Quarantine;
  lastScene: LastScene;
}

/** The page: canvas and panel side by side, and what lies over them. */
export function Board({ config, quarantine, lastScene }: Props) {
  const api = useMemo(() => createApi(config.api), [config]);
  const parts = useMemo(() => createParts(config, quarantine, lastScene), [config, quarantine, lastScene]);
  const { room, jobs, notices } = parts;
  const board = config.board.id;
  const canvas = useRef<HTMLElement>(null);
  const [session, setSession] = useState<CanvasSession | null>(null);
  const [uploads, setUploads] = useState<Uploads>({ pending: 0, failed: 0 });
  const [theme, setTheme] = useTheme();
  const state = useRoom(room);
  const title = useTitle(room, config.board.title);
  const panel = useSidePanel();
  const dialogs = useDialogs();
  const history = useHistory(canvas);
  const space = useCanvasRoom(canvas);
  const phone = space === "phone";
  useSteadyView(canvas, session, panel.sheet);
  useReconnect(room);
  useEffect(() => (session ? exposeForTests(session) : undefined), [session]);

  const showProblem = useCallback((error: unknown) => {
    notices.show({ key: "action", tone: "problem", text: error instanceof Error ? error.message : String(error) });
  }, [notices]);
  const isOwner = state.role === "owner";
  const actions = jobActions(api, board, jobs, { id: room.you.id, isOwner }, showProblem);
  const exchange = useMemo(
    () => session && new CanvasExchange(session, title, (format) => `${config.api}/boards/${board}/render.${format}`),
    [session, config, board, title],
  );
  const importer = useMemo(() => exchange && { api, board, port: exchange, notices }, [api, board, exchange, notices]);
  const importFiles = useImport(canvas, importer, showProblem);

  const mayInvite = isOwner || (config.board.welcome && state.role === "edit");
  const share = state.status !== "closed" && (mayInvite || config.board.open) ? dialogs.show.share : undefined;
  const leave = useMemo(() => leaving(api, config, showProblem), [api, config, showProblem]);
  const rename = useCallback(async (name: string) => {
    await api.rename(name);
    room.reenter(); // the others see the name that was current on entering
  }, [api, room]);
  const bar = useMemo(() => <TopBar room={room} config={config} following={session?.following ?? null} rename={rename} onShare={share} space={space} />, [room, config, session, rename, share, space]);
  const topRight = useCallback((narrow: boolean) => (narrow || panel.sheet ? null : bar), [bar, panel.sheet]);
  const ways = useMemo<MenuProps>(
    () => ({
      config, theme, onTheme: setTheme, onOpen: panel.lower, mayEdit: state.mayEdit, onImport: () => pickFiles(importFiles), onExport: dialogs.show.export,
      onNew: leave.toNew, onRename: isOwner ? dialogs.show.rename : undefined, onTrash: isOwner ? leave.toTrash : undefined, onShare: share, onHistory: history.show,
      onCommands: dialogs.show.commands, onFrames: dialogs.show.frames, onLanguage: leave.toLanguage,
    }),
    [config, theme, setTheme, panel.lower, state.mayEdit, importFiles, isOwner, leave, share, dialogs.show, history.show],
  );
  const menu = useMemo(() => <Menu {...ways} />, [ways]);
  const prompts = useRef<PanelHandle>(null);
  const live = useRef<LiveHandle>(null);
  useCommandKey(dialogs.toggleCommands);
  useEffect(() => {
    const timer = setTimeout(() => void loadCommands().catch(() => undefined), settled_ms); // it works offline too
    return () => clearTimeout(timer);
  }, []);
  const chip = saving({ ...state, pending: state.pending + uploads.pending, failed: uploads.failed });
  const status = useMemo(() => <StatusChip state={chip.state} text={chip.text} />, [chip.state, chip.text]);
  const invites = config.board.welcome && mayInvite && Boolean(share);
  const invitation = useMemo(() => invites && <SeeItTogether room={room} onInvite={dialogs.show.invite} />, [invites, room, dialogs.show]);
  const footer = useMemo(() => <div className="footer-chip">{status}{invitation}</div>, [status, invitation]);

  return (
    <div className="atelier board-page" data-theme={theme} data-layout={panel.sheet ? "sheet" : "column"}>
      <SkipLink open={panel.open} onOpen={panel.toggle} />
      <main className="board-canvas" data-testid="canvas" ref={canvas}>
        <Canvas parts={parts} server={api} board={board} theme={theme} viewOnly={!state.mayEdit} menu={menu} footer={footer} topRight={topRight} onSession={setSession} onUploads={setUploads} />
        {session && <Overlays session={session} api={api} config={config} jobs={jobs} notices={notices} actions={actions} />}
        <BoardTitle title={title} mayRename={isOwner} rename={(next) => api.renameBoard(board, next)} phone={phone} />
        {phone && invitation}
        <ConnectionState state={state} />
        <NoticeList notices={notices} />
      </main>
      <SidePanel panel={panel} bar={(panel.sheet || phone) && <>{phone && status}{bar}</>}>
        {session && (
          <Part name={t("The panel")}>
            <PromptPanel
              ref={prompts} api={api} boardId={board} board={session.targeting} store={jobs} promptMax={room.limits.prompt_max} open={panel.open} online={state.status === "open" && !state.unheard} queue={actions} onAway={panel.uncoverCanvas}
              live={(target, params) => <LiveSwitch ref={live} room={room} frame={target.id} params={params} />}
            >
              <Earlier base={config.api} boardId={board} store={jobs} board={session.targeting} onAway={panel.uncoverCanvas} />
            </PromptPanel>
          </Part>
        )}
      </SidePanel>
      {session && <BoardHistory history={history} session={session} config={config} mayEdit={state.mayEdit} notices={notices} theme={theme} />}
      {session && (dialogs.name === "commands" || dialogs.name === "frames") && (
        <Part name={t("The command palette")}>
          <Suspense>
            <Commands key={dialogs.name} scope={dialogs.name} session={session} menu={ways} panel={panel} handles={{ panel: prompts, live }} onClose={dialogs.close} />
          </Suspense>
        </Part>
      )}
      <Dialogs dialogs={dialogs} api={api} config={config} title={title} mayInvite={mayInvite} exchange={exchange} />
    </div>
  );
}
