import { lazy, Suspense, useEffect, useId, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import { ApiError, type Api, type JobRequest } from "../api/client";
import { uuid } from "../api/ids";
import type { Checkpoint, Job, Kind, KindOfCheckpoint, Params, Style } from "../api/types";
import { SparkIcon } from "../ui/icons";
import { Advanced } from "./Advanced";
import type { BoardPort } from "./BoardPort";
import { blank, checkpointOf, keepsLines, kind_hints, kind_words, kindOf, kindsOffered, onRecall, paramsOf, recalled, withKind, type Form } from "./form";
import type { JobStore } from "./jobStore";
import { Queue, type QueueActs } from "./Queue";
import { fromNote, hasStrength, toNote } from "./strength";
import { StrengthSlider } from "./StrengthSlider";
import { TargetCard } from "./TargetCard";
import type { Target } from "./target";
import { useCheckpoints } from "./useCheckpoints";
import { useJobs } from "./useJobs";
import { usePromptDraft } from "./usePromptDraft";
import { useThumbnail } from "./useThumbnail";
import "./PromptPanel.css";

const StyleRow = lazy(() => import("./StyleRow"));

export interface PanelProps {
  api: Pick<Api, "checkpoints" | "generate" | "finish">;
  boardId: string;
  board: BoardPort;
  store: JobStore;
  promptMax: number;
  /** The panel can be seen; while it cannot, no thumbnails are drawn. */
  open: boolean;
  queue: QueueActs;
  /** A switch for redrawing the frame while somebody draws; params: as Generate would send them. */
  live?(target: Target, params: Params): ReactNode;
  /** What comes below the queue. */
  children?: ReactNode;
  /** What happens next happens on the canvas: a sheet that covers it should make room. */
  onAway(): void;
}

/** One box, one button, one picture; the rest is folded away. */
export function PromptPanel(props: PanelProps) {
  const waiting = useJobs(props.store).some(({ status, created_by }) => status === "queued" && created_by?.id === props.queue.you);
  const checkpoints = useCheckpoints(props.api, waiting);
  if (!checkpoints) return <p className="quiet panel-wait">Looking for models…</p>;
  if (!checkpoints.length) return <p className="quiet panel-wait">No model is installed. Ask whoever runs this server.</p>;
  return <Panel {...props} checkpoints={checkpoints} />;
}

function Panel({ api, boardId, board, store, promptMax, open, queue, live, children, onAway, checkpoints }: PanelProps & { checkpoints: readonly Checkpoint[] }) {
  const id = useId();
  const target = useSyncExternalStore(board.subscribe, board.target);
  const jobs = useJobs(store);
  const [form, setForm] = useState<Form>(blank);
  const [errors, setErrors] = useState<Record<string, string>>({});
  const [sending, setSending] = useState(false);
  const [lastSeed, setLastSeed] = useState<number | null>(null);
  const change = (part: Partial<Form>) => setForm((before) => ({ ...before, ...part }));

  const checkpoint = checkpointOf(form, checkpoints)!;
  const kindName = kindOf(form, checkpoint);
  const kind = checkpoint.kinds[kindName]!;
  const offered = kindsOffered(checkpoint, checkpoints);
  const styles = stylesOf(checkpoint, kind);
  const thumbnail = useThumbnail(board, target, kindName, open && kindName !== "txt2img");

  // The frame remembers how it was last used, for everybody; only on going to another target, as what others set
  // meanwhile must not move my slider.
  const targetId = target?.id ?? "";
  const [aimedAt, setAimedAt] = useState<string | null>(null);
  if (aimedAt !== targetId) {
    setAimedAt(targetId);
    setErrors({});
    if (target?.shape === "frame") change({ kind: target.kind ?? form.kind, position: fromNote(target.strength), numbers: {} });
  }

  const remember = (words: string) => {
    if (target?.shape === "frame" && board.mayEdit) board.remember(target, { prompt: words, kind: kindName, strength: toNote(form.position) });
  };
  const draft = usePromptDraft(targetId, target?.prompt ?? "", remember);

  // What a recall replaced, for the way back.
  const [replaced, setReplaced] = useState<{ form: Form; text: string } | null>(null);
  const latest = useRef({ form, draft });
  useEffect(() => {
    latest.current = { form, draft };
  });
  useEffect(
    () =>
      onRecall((recall) => {
        const now = latest.current;
        setReplaced({ form: now.form, text: now.draft.text });
        setForm(recalled(now.form, recall));
        if (recall.part === "all" || recall.part === "prompt") now.draft.type(recall.params.prompt);
      }),
    [],
  );
  const takeBack = () => {
    setForm(replaced!.form);
    draft.type(replaced!.text);
    setReplaced(null);
  };

  const words = draft.text.trim();
  const hindrance = whyNot({ board, target, kind: kindName, words });
  const problem = hindrance ? "" : errors[""];
  const question = questions[kindName];
  const instructs = kindName === "pix2pix" && target?.shape === "picture"; // a sketch becomes something, a picture changes

  const send = async (ask: () => Promise<Job>) => {
    if (sending) return;
    setSending(true);
    setErrors({});
    try {
      const job = await ask();
      if (job.placement !== "stage") store.expect(job.id); // what comes is this page's doing, and undone here
      setLastSeed(job.params.seed ?? null);
      store.apply([job]);
      onAway();
    } catch (error) {
      setErrors(errorsOf(error));
    } finally {
      setSending(false);
    }
  };

  const generate = async () => {
    if (hindrance) return;
    remember(draft.text);
    setReplaced(null);
    await send(async () => {
      const params = paramsOf(form, checkpoint, draft.text);
      const place = target ? { frame: target.id, region: target.region } : { region: board.middleOfView() };
      const seen = target ? await seenBy(board, target, kindName) : {};
      return api.generate(boardId, { params, ...place, ...seen, ...placementOf(form, target?.shape === "frame") }, uuid());
    });
  };

  const onKeyDown = (event: React.KeyboardEvent) => {
    event.stopPropagation(); // letters typed here are not tools of the canvas
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      void generate();
    }
  };

  return (
    <div className="prompt-panel" onKeyDown={onKeyDown}>
      <TargetCard target={target} kind={kindName} thumbnail={thumbnail} mayDraw={board.mayEdit} onDrawRegion={() => { onAway(); board.drawRegion(); }} onFinish={({ job, image }) => void send(() => api.finish(job, image, uuid()))} />

      <div className="field">
        <label htmlFor={`${id}-prompt`}>{instructs ? "What should change?" : question ?? "What should it become?"}</label>
        <textarea
          id={`${id}-prompt`} rows={3} maxLength={promptMax} value={draft.text} disabled={!board.mayEdit} data-testid="prompt"
          placeholder={instructs ? "make it night" : "a red house by the sea"}
          aria-invalid={errors.prompt ? true : undefined} aria-describedby={errors.prompt ? `${id}-prompt-error` : undefined}
          onChange={(event) => draft.type(event.target.value)} onFocus={() => draft.focused(true)} onBlur={() => draft.focused(false)}
        />
        {draft.theirs !== null && (
          <p className="theirs" role="status">
            Someone changed these words to “{draft.theirs}”. <button type="button" className="button small" onClick={draft.takeTheirs}>Use theirs</button>
          </p>
        )}
        {replaced && (
          <p className="theirs" role="status">
            Filled in from an earlier picture. <button type="button" className="button small" onClick={takeBack}>Undo</button>
          </p>
        )}
        {errors.prompt && <span id={`${id}-prompt-error`} className="error" role="alert">{errors.prompt}</span>}
      </div>

      {board.mayEdit && offered.length > 1 && (
        <div className="field">
          <div className="choices kinds" role="radiogroup" aria-label="Kind of picture" data-count={offered.length}>
            {offered.map((each) => (
              <button key={each} type="button" role="radio" aria-checked={each === kindName} title={kind_hints[each]} data-kind={each} onClick={() => change(withKind(each, checkpoint, checkpoints))}>
                {checkpoint.kinds[each]?.title ?? kind_words[each]}
              </button>
            ))}
          </div>
        </div>
      )}

      {board.mayEdit && hasStrength(kind) && <StrengthSlider position={form.position} onChange={(position) => change({ position, numbers: withoutStrength(form) })} />}

      {board.mayEdit && styles.length > 0 && (
        <Suspense>
          <StyleRow styles={styles} chosen={form.style} onChoose={(style) => change({ style })} />
        </Suspense>
      )}

      {board.mayEdit && keepsLines(form, kind) !== null && (
        <label className="switch" title="Your lines lie over the picture, as ink on paint.">
          <input type="checkbox" checked={keepsLines(form, kind)!} onChange={(event) => change({ keepLines: event.target.checked })} /> Keep my lines
        </label>
      )}

      {board.mayEdit && kind.draft_steps && (
        <label className="switch" title="Few steps: rougher, and there sooner. A draft that you like can be made final.">
          <input type="checkbox" checked={form.draft} onChange={(event) => change({ draft: event.target.checked })} /> Draft first
        </label>
      )}

      <button type="button" className="button primary generate" data-testid="generate" disabled={Boolean(hindrance) || sending} onClick={() => void generate()}>
        <SparkIcon /> {sending ? "Sending…" : form.count > 1 ? `Generate ${form.count} pictures` : "Generate"}
      </button>
      <p className="quiet hint" role={problem ? "alert" : undefined} data-problem={Boolean(problem)}>
        {hindrance || problem || statusOf(checkpoint) || "Ctrl+Enter"}
      </p>
      {live && checkpoint.live_kind && target?.shape === "frame" && board.mayEdit && live(target, paramsOf(form, checkpoint, draft.text))}

      {board.mayEdit && <Advanced form={form} change={change} checkpoints={checkpoints} checkpoint={checkpoint} kind={kind} errors={errors} lastSeed={lastSeed} inFrame={target?.shape === "frame"} />}
      <Queue jobs={jobs} {...queue} onShow={(job) => { onAway(); board.show(job); }} />
      {children}
      <p className="quiet about">
        <strong>{checkpoint.bundled ? "Built-in illustration model." : checkpoint.title}</strong> {firstSentence(checkpoint.description)}
      </p>
    </div>
  );
}

const questions: Partial<Record<Kind, string>> = {
  inpaint: "What should be there instead?",
  upscale: "What is in the picture? (optional)",
};

/** Why Generate cannot be pressed, as what to do about it; "" when it can. */
function whyNot({ board, target, kind, words }: { board: BoardPort; target: Target | null; kind: Kind; words: string }): string {
  if (!board.mayEdit) return "You can view this board, not change it.";
  if (kind === "upscale") return target?.shape === "picture" ? "" : "Select a picture to enlarge.";
  if (!target && kind !== "txt2img") return "Draw a region around a sketch first.";
  if (!words) return kind === "pix2pix" && target?.shape === "picture" ? "Say what should change." : "Say what it should become.";
  return "";
}

function statusOf({ status, reason }: Checkpoint): string {
  if (status === "loading") return "The model is still loading; your picture waits for it.";
  if (status === "failed") return reason || "No worker is running; your picture will wait for one.";
  return "";
}

/** One picture goes to the board at once; several are chosen from. */
function placementOf({ count, placement }: Form, inFrame: boolean): Pick<JobRequest, "placement" | "accepted_placement"> {
  const spot = inFrame ? placement : "beside";
  return count > 1 ? { placement: "stage", accepted_placement: spot } : { placement: spot };
}

/** What goes along: nothing for words alone, and not what the server has itself in full size. */
async function seenBy(board: BoardPort, target: Target, kind: Kind): Promise<Pick<JobRequest, "snapshot" | "mask">> {
  if (kind === "txt2img" || kind === "upscale") return {};
  const snapshot = await board.snapshot(target, undefined, kind);
  return kind === "inpaint" ? { snapshot, mask: await board.mask(target) } : { snapshot };
}

function stylesOf({ styles = [] }: Checkpoint, { uses }: KindOfCheckpoint): readonly Style[] {
  return uses.includes("style") ? styles : [];
}

/** The slider takes over from a number typed by hand. */
function withoutStrength(form: Form): Form["numbers"] {
  const rest = { ...form.numbers };
  delete rest.strength;
  delete rest.image_guidance_scale;
  return rest;
}

/** Messages by field; "" is for what belongs to none. */
function errorsOf(error: unknown): Record<string, string> {
  if (!(error instanceof ApiError)) return { "": error instanceof Error ? error.message : String(error) };
  const shown = new Set(["prompt", "negative_prompt", "steps", "guidance_scale", "image_guidance_scale", "seed", "count"]);
  const errors: Record<string, string> = {};
  for (const { field, message } of error.fields) {
    const name = field.split(".").at(-1)!;
    if (shown.has(name)) errors[name] = message;
    else errors[""] = [errors[""], `${name}: ${message}`].filter(Boolean).join(" ");
  }
  return error.fields.length ? errors : { "": error.message };
}

function firstSentence(text: string): string {
  return /^.*?[.!?](?=\s|$)/s.exec(text)?.[0] ?? text;
}
