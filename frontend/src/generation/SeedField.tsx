import { useId } from "react";
import { DiceIcon, LockIcon, UnlockIcon } from "../ui/icons";
import { largest_seed, randomSeed, type Form } from "./form";
import { t } from "../language/t";

interface Props {
  form: Pick<Form, "seed" | "seedLocked">;
  change(part: Partial<Form>): void;
  /** Seed of the last job asked for here, taken when the seed is locked; null before the first. */
  lastSeed: number | null;
  error?: string;
}

/** The seed: typed, drawn anew, or kept from the last picture. */
export function SeedField({ form, change, lastSeed, error }: Props) {
  const id = useId();
  return (
    <div className="field">
      <label htmlFor={id} title={t("Double-click for a new seed each time")} onDoubleClick={() => change({ seed: null, seedLocked: false })}>{t("Seed")}</label>
      <div className="seed">
        <input
          id={id} type="number" min={0} max={largest_seed} step={1} placeholder={t("Random")} value={form.seedLocked && form.seed !== null ? form.seed : ""} aria-invalid={error ? true : undefined}
          onChange={(event) => change(event.target.value === "" ? { seed: null, seedLocked: false } : { seed: Number(event.target.value), seedLocked: true })}
        />
        <button type="button" className="button icon" aria-label={t("Pick a new seed and keep it")} title={t("New seed")} onClick={() => change({ seed: randomSeed(), seedLocked: true })}>
          <DiceIcon />
        </button>
        <button
          type="button" className="button icon" aria-label={t("Keep the seed")} title={form.seedLocked ? t("The seed is kept") : t("Keep the seed of the last picture")} aria-pressed={form.seedLocked}
          onClick={() => change(form.seedLocked ? { seedLocked: false } : { seedLocked: true, seed: form.seed ?? lastSeed ?? randomSeed() })}
        >
          {form.seedLocked ? <LockIcon /> : <UnlockIcon />}
        </button>
      </div>
      {error && <span className="error" role="alert">{error}</span>}
    </div>
  );
}
