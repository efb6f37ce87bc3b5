import { useId, useState, useSyncExternalStore } from "react";
import { ApiError, type Api } from "../api/client";
import { uuid } from "../api/ids";
import type { Checkpoint, Job, Kind } from "../api/types";
import { SparkIcon } from "../ui/icons";
import { Advanced } from "./Advanced";
import type { BoardPort } from "./boardPort";
import { blank, checkpointOf, kind_hints, kind_words, kindOf, paramsOf, type Form } from "./form";
import type { JobStore } from "./jobStore";
import { Queue } from "./Queue";
import { fromNote, hasStrength, toNote } from "./strength";
import { StrengthSlider } from "./StrengthSlider";
import { TargetCard } from "./TargetCard";
import type { Target } from "./target";
import { useCheckpoints } from "./useCheckpoints";
import { useJobs } from "./useJobs";
import { usePromptDraft } from "./usePromptDraft";
import { useThumbnail } from "./useThumbnail";
import "./PromptPanel.css";

export interface PanelProps {
  api: Pick<Api, "checkpoints" | "generate">;
  boardId: string;
  board: BoardPort;
  store: JobStore;
  promptMax: number;
  /** The panel can be seen; while it cannot, no thumbnails are drawn. */
  open: boolean;
  mayCancel(job: Job): boolean;
  onCancel(job: Job): void;
  /** What happens next happens on the canvas: a sheet that covers it should make room. */
  onAway(): void;
}

/** One box, one button, one picture; the rest is folded away. */
export function PromptPanel(props: PanelProps) {
  const checkpoints = useCheckpoints(props.api);
  if (!checkpoints) return <p className="quiet panel-wait">Looking for models…</p>;
  if (!checkpoints.length) return <p className="quiet panel-wait">No model is installed. Ask whoever runs this server.</p>;
  return <Panel {...props} checkpoints={checkpoints} />;
}

function Panel({ api, boardId, board, store, promptMax, open, mayCancel, onCancel, onAway, checkpoints }: PanelProps & { checkpoints: readonly Checkpoint[] }) {
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
  const thumbnail = useThumbnail(board, target, open && kindName !== "txt2img");

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

  const words = draft.text.trim();
  const hindrance = whyNot({ board, target, kind: kindName, words });
  const instructs = kindName === "pix2pix" && target?.shape === "picture"; // a sketch becomes something, a picture changes

  const generate = async () => {
    if (hindrance || sending) return;
    setSending(true);
    setErrors({});
    remember(draft.text);
    try {
      const params = paramsOf(form, checkpoint, draft.text);
      const place = target ? { frame: target.id, region: target.region } : { region: board.middleOfView() };
      const snapshot = target && kindName !== "txt2img" ? await board.snapshot(target) : undefined;
      const job = await api.generate(boardId, { params, ...place, snapshot, placement: target?.shape === "frame" ? form.placement : "beside" }, uuid());
      setLastSeed(job.params.seed ?? null);
      store.apply([job]);
      onAway();
    } catch (error) {
      setErrors(errorsOf(error));
    } finally {
      setSending(false);
    }
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
      <TargetCard target={target} kind={kindName} thumbnail={thumbnail} mayDraw={board.mayEdit} onDrawRegion={() => { onAway(); board.drawRegion(); }} />

      <div className="field">
        <label htmlFor={`${id}-prompt`}>{instructs ? "What should change?" : "What should it become?"}</label>
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
        {errors.prompt && <span id={`${id}-prompt-error`} className="error" role="alert">{errors.prompt}</span>}
      </div>

      {Object.keys(checkpoint.kinds).length > 1 && (
        <div className="field">
          <div className="choices kinds" role="radiogroup" aria-label="Kind of picture">
            {(Object.keys(kind_words) as Kind[]).filter((each) => checkpoint.kinds[each]).map((each) => (
              <button key={each} type="button" role="radio" aria-checked={each === kindName} title={kind_hints[each]} data-kind={each} onClick={() => change({ kind: each, numbers: {} })}>
                {checkpoint.kinds[each]?.title ?? kind_words[each]}
              </button>
            ))}
          </div>
        </div>
      )}

      {hasStrength(kind) && <StrengthSlider position={form.position} onChange={(position) => change({ position, numbers: withoutStrength(form) })} />}

      <button type="button" className="button primary generate" data-testid="generate" disabled={Boolean(hindrance) || sending} onClick={() => void generate()}>
        <SparkIcon /> {sending ? "Sending…" : form.count > 1 ? `Generate ${form.count} pictures` : "Generate"}
      </button>
      <p className="quiet hint" role={errors[""] ? "alert" : undefined} data-problem={Boolean(errors[""])}>
        {errors[""] || hindrance || statusOf(checkpoint) || "Ctrl+Enter"}
      </p>

      <Advanced form={form} change={change} checkpoints={checkpoints} checkpoint={checkpoint} kind={kind} errors={errors} lastSeed={lastSeed} inFrame={target?.shape === "frame"} />
      <Queue jobs={jobs} mayCancel={mayCancel} onCancel={onCancel} onShow={(job) => { onAway(); board.show(job); }} />
      <p className="quiet about">
        <strong>{checkpoint.bundled ? "Built-in illustration model." : checkpoint.title}</strong> {firstSentence(checkpoint.description)}
      </p>
    </div>
  );
}

/** Why Generate cannot be pressed, as what to do about it; "" when it can. */
function whyNot({ board, target, kind, words }: { board: BoardPort; target: Target | null; kind: Kind; words: string }): string {
  if (!board.mayEdit) return "You can look at this board, not change it.";
  if (!target && kind !== "txt2img") return "Draw a region around a sketch first.";
  if (!words) return kind === "pix2pix" && target?.shape === "picture" ? "Say what should change." : "Say what it should become.";
  return "";
}

function statusOf({ status, reason }: Checkpoint): string {
  if (status === "loading") return "The model is still loading; your picture waits for it.";
  if (status === "failed") return reason || "No worker is running; your picture will wait for one.";
  return "";
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
