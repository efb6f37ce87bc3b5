import { useId } from "react";
import type { Hearing } from "../api/client";
import type { Checkpoint, KindOfCheckpoint, NumberParam } from "../api/types";
import { t } from "../language/t";
import { RadioGroup } from "../ui/RadioGroup";
import { isDraft, numberOf, type Form } from "./form";
import { NumberField } from "./NumberField";
import { NotHeard } from "./NotHeard";
import { SeedField } from "./SeedField";
import { Unavailable } from "./Unavailable";

interface Props {
  form: Form;
  change(part: Partial<Form>): void;
  checkpoints: readonly Checkpoint[];
  checkpoint: Checkpoint;
  kind: KindOfCheckpoint;
  errors: Record<string, string>;
  /** Seed of the last job asked for here, taken when the seed is locked. */
  lastSeed: number | null;
  inFrame: boolean;
  negativeHeard: Hearing["negative_prompt"] | null;
}

const numbers = (): { name: NumberParam; label: string; step: number }[] => [
  { name: "steps", label: t("Steps"), step: 1 },
  { name: "guidance_scale", label: t("Prompt guidance"), step: 0.5 },
  { name: "image_guidance_scale", label: t("Sketch guidance"), step: 0.1 },
];

const placements = () => [
  { value: "beside" as const, content: t("Beside the frame") },
  { value: "inside" as const, content: t("Into the frame") },
];

/** Settings that are rarely needed; those that this kind of this checkpoint ignores are not shown. */
export function Advanced({ form, change, checkpoints, checkpoint, kind, errors, lastSeed, inFrame, negativeHeard }: Props) {
  const id = useId();
  const there = checkpoints.filter((each) => each.status !== "failed" || each === checkpoint);
  const has = (name: string) => kind.uses.includes(name);
  const setNumber = (name: NumberParam, value: number | undefined) => {
    const rest = { ...form.numbers };
    delete rest[name];
    change({ numbers: value === undefined ? rest : { ...rest, [name]: value } });
  };
  return (
    <details className="advanced">
      <summary>{t("Advanced")}</summary>
      <div className="advanced-body">
        {there.length > 1 && (
          <div className="field">
            <label htmlFor={`${id}-checkpoint`} onDoubleClick={() => change({ checkpoint: null })}>{t("Model")}</label>
            <select id={`${id}-checkpoint`} value={checkpoint.name} onChange={(event) => change({ checkpoint: event.target.value, numbers: {} })}>
              {there.map(({ name, title, status }) => (
                <option key={name} value={name}>{status === "ready" ? t(title) : status === "loading" ? t("{title} (loading)", { title: t(title) }) : t("{title} (not available)", { title: t(title) })}</option>
              ))}
            </select>
          </div>
        )}
        <Unavailable checkpoints={checkpoints.filter((each) => !there.includes(each))} />
        {has("negative_prompt") && (
          <div className="field">
            <label htmlFor={`${id}-negative`} title={t("Double-click to clear")} onDoubleClick={() => change({ negative: "" })}>{t("Leave out")}</label>
            <input id={`${id}-negative`} type="text" maxLength={1000} value={form.negative} placeholder={t("blurry, text")} aria-invalid={errors.negative_prompt ? true : undefined} onChange={(event) => change({ negative: event.target.value })} />
            {negativeHeard && <NotHeard {...negativeHeard} />}
            {errors.negative_prompt && <span className="error" role="alert">{errors.negative_prompt}</span>}
          </div>
        )}
        <div className="pair">
          {numbers().filter(({ name }) => has(name) && !(name === "steps" && isDraft(form, kind))).map(({ name, label, step }) => (
            <NumberField key={name} label={label} step={step} value={form.numbers[name]} usual={numberOf({ ...form, numbers: {} }, kind, name)} limits={kind.limits[name]} error={errors[name]} onChange={(value) => setNumber(name, value)} />
          ))}
        </div>
        <SeedField form={form} change={change} lastSeed={lastSeed} error={errors.seed} />
        {inFrame && (
          <div className="field">
            <span className="label" onDoubleClick={() => change({ placement: "beside" })}>{t("Placement")}</span>
            <RadioGroup label={t("Placement")} options={placements()} value={form.placement} onChoose={(placement) => change({ placement })} />
          </div>
        )}
      </div>
    </details>
  );
}
