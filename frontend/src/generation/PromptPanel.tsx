import { lazy, Suspense, useEffect, useImperativeHandle, useRef, useSyncExternalStore, type ReactNode, type Ref } from "react";
import type { Api } from "../api/client";
import type { Checkpoint, Job, KindOfCheckpoint, Params, Style } from "../api/types";
import { Advanced } from "./Advanced";
import type { BoardPort } from "./BoardPort";
import { t } from "../language/t";
import { paramsOf, styleOf } from "./form";
import { GenerateButton } from "./GenerateButton";
import type { JobStore } from "./jobStore";
import { MaskLesson } from "./MaskLesson";
import { NotHeard } from "./NotHeard";
import { Options } from "./Options";
import { rememberPrompt } from "./promptHistory";
import { PromptField } from "./PromptField";
import { Queue, type QueueActions } from "./Queue";
import { buildRequest, hindranceOf, isInstruction, repaints } from "./request";
import { toNote } from "./strength";
import { storeCount } from "./storedCount";
import { TargetCard } from "./TargetCard";
import type { Target } from "./target";
import { useCheckpoints } from "./useCheckpoints";
import { useForm } from "./useForm";
import { useGenerate } from "./useGenerate";
import { useHearing } from "./useHearing";
import { useJobs } from "./useJobs";
import { usePromptDraft } from "./usePromptDraft";
import { useRecall } from "./useRecall";
import { useThumbnail } from "./useThumbnail";
import "./PromptPanel.css";

const PictureOrigin = lazy(() => import("./PictureOrigin"));

const alwaysMarked = () => "marked" as const;

export interface PanelProps {
  api: Pick<Api, "checkpoints" | "generate" | "finish" | "hear" | "job">;
  boardId: string;
  board: BoardPort;
  store: JobStore;
  promptMax: number;
  /** The panel can be seen; while it cannot, no thumbnails are drawn. */
  open: boolean;
  queue: QueueActions;
  /** Renders the switch for live redraw of the target; params: as Generate would send them. */
  live?(target: Target, params: Params): ReactNode;
  /** Shown below the queue. */
  children?: ReactNode;
  /** Called when the next step happens on the canvas: a sheet that covers it should close. */
  onAway(): void;
  /** Whether the board is connected. */
  online: boolean;
  /** What can be done here from elsewhere; null while the models are loading. */
  ref?: Ref<PanelHandle>;
}

/** What the panel does, as far as its buttons do. */
export interface PanelHandle {
  /** Why `generate` would do nothing; "" when it would not. */
  hindrance: string;
  generate(): void;
  count: number;
  /** 1: there is no choice. */
  countMax: number;
  setCount(count: number): void;
  styles: readonly Style[];
  /** Name of the chosen style; null: none. */
  style: string | null;
  setStyle(name: string | null): void;
}

/** The panel beside the canvas: prompt, settings, Generate, and the queue of jobs. */
export function PromptPanel(props: PanelProps) {
  const waiting = useJobs(props.store).some(({ status, created_by }) => status === "queued" && created_by?.id === props.queue.you);
  const checkpoints = useCheckpoints(props.api, waiting);
  if (!checkpoints) return <p className="quiet panel-wait">{t("Loading models…")}</p>;
  if (!checkpoints.length) return <p className="quiet panel-wait">{t("No model is installed. Ask whoever runs this server.")}</p>;
  return <Panel {...props} checkpoints={checkpoints} />;
}

function Panel({ api, boardId, board, store, promptMax, open, queue, live, children, onAway, online, ref, checkpoints }: PanelProps & { checkpoints: readonly Checkpoint[] }) {
  const target = useSyncExternalStore(board.subscribe, board.target);
  const jobs = useJobs(store);
  const state = useForm(checkpoints, target);
  const { form, change, checkpoint, kindName, kind } = state;
  const button = useRef<HTMLButtonElement>(null);
  const masked = useSyncExternalStore(board.subscribe, repaints(kind) ? board.masked : alwaysMarked);
  const held = repaints(kind) && target?.shape === "picture" ? target.id : null;
  useEffect(() => {
    board.hold(held);
    return () => board.hold(null);
  }, [board, held]);
  const thumbnail = useThumbnail(board, target, kind.sees, open);

  const remember = (prompt: string) => {
    if (target?.shape === "frame" && board.mayEdit) board.remember(target, { prompt, kind: kindName, strength: toNote(form.position) });
  };
  const draft = usePromptDraft(target?.id ?? "", target?.prompt ?? "", remember);
  const recall = useRecall(state, draft, target?.id ?? "");
  const hearing = useHearing(api, checkpoint, draft.text, kind.uses.includes("negative_prompt") ? form.negative : "", styleOf(form, checkpoint, kind));
  const { sending, errors, lastSeed, generate, finish } = useGenerate(api, boardId, store, target?.id ?? "", online, onAway);

  const hindrance = hindranceOf(board, target, kind, draft.text, masked);
  const instruction = isInstruction(kind, target);
  const onGenerate = () => {
    if (hindrance) return;
    remember(draft.text);
    recall.forget();
    rememberPrompt(draft.text);
    void generate(() => buildRequest(board, { form, checkpoint, prompt: draft.text, target }));
  };
  const countMax = board.mayEdit ? (kind.limits.count?.[1] ?? 4) : 1;
  const setCount = (count: number) => {
    storeCount(count);
    change({ count });
  };
  useImperativeHandle(ref, () => ({
    hindrance, generate: onGenerate, count: form.count, countMax, setCount,
    styles: kind.uses.includes("style") ? checkpoint.styles : [], style: styleOf(form, checkpoint, kind), setStyle: (style) => change({ style }),
  }));
  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation(); // letters typed here are not tools of the canvas
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onGenerate();
    }
  };

  return (
    <div className="prompt-panel" onKeyDown={onKeyDown}>
      <TargetCard target={target} marked={masked === "marked"} sees={kind.sees} thumbnail={thumbnail} mayDraw={board.mayEdit} onDrawRegion={() => { onAway(); board.drawRegion(); }} onFrameSelection={board.frameSelection} onFinish={({ job, image }) => void finish(job, image)}>
        {target?.origin && board.mayEdit && <Suspense><PictureOrigin api={api} board={board} origin={target.origin} checkpoints={checkpoints} onLeft={() => button.current?.focus()} /></Suspense>}
      </TargetCard>
      {repaints(kind) && board.mayEdit && masked === "unmarked" && <MaskLesson onDraw={() => { onAway(); board.takePen(); }} />}
      <PromptField
        label={instruction ? t("What should change?") : questionOf(kind)} placeholder={instruction ? t("make it night") : repaints(kind) ? t("a round window") : t("a red house by the sea")} kind={kindName}
        draft={draft} recall={recall} maxLength={promptMax} disabled={!board.mayEdit} error={errors.prompt}
      >
        {hearing && <NotHeard {...hearing.prompt} />}
      </PromptField>
      {board.mayEdit && <Options state={state} checkpoints={checkpoints} region={target?.region} />}
      <GenerateButton
        ref={button} count={form.count} countMax={countMax} sending={sending} hindrance={hindrance} problem={errors.count ?? errors[""]} checkpoint={checkpoint}
        onCount={setCount} onGenerate={onGenerate}
      />
      {live && checkpoint.live_kind && target?.shape === "frame" && board.mayEdit && live(target, paramsOf(form, checkpoint, draft.text, target.region))}
      {board.mayEdit && <Advanced form={form} change={change} checkpoints={checkpoints} checkpoint={checkpoint} kind={kind} errors={errors} negativeHeard={hearing?.negative_prompt ?? null} lastSeed={lastSeed} inFrame={target?.shape === "frame"} />}
      <Queue jobs={jobs} {...queue} onShow={(job: Job) => { onAway(); board.show(job); }} />
      {children}
      <p className="quiet about">
        <strong>{checkpoint.bundled ? t("Built-in illustration model.") : t(checkpoint.title)}</strong> {t(firstSentence(checkpoint.description))}
      </p>
    </div>
  );
}

function questionOf({ sees, needs_prompt }: KindOfCheckpoint): string {
  if (!needs_prompt) return t("What is in the picture? (optional)");
  return sees === "pictures_and_mask" ? t("What should be there instead?") : t("What should it become?");
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
}
