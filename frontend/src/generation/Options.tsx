import { lazy, Suspense } from "react";
import type { Checkpoint, Region, Style } from "../api/types";
import { t } from "../language/t";
import { hasSize, keepsLines, styleOf, tidiesColours, withKind } from "./form";
import { KindChoice } from "./KindChoice";
import { SizeChoice } from "./SizeChoice";
import { hasStrength, withoutStrength } from "./strength";
import { StrengthSlider } from "./StrengthSlider";
import type { FormState } from "./useForm";

const StyleRow = lazy(() => import("./StyleRow"));

interface Props {
  state: FormState;
  checkpoints: readonly Checkpoint[];
  /** Of what the picture is made from. */
  region: Region | undefined;
}

/** The settings between prompt and button: kind, strength, style, size and switches, as far as the checkpoint has them. */
export function Options({ state, checkpoints, region }: Props) {
  const { form, change, checkpoint, kindName, kind } = state;
  const styles: readonly Style[] = kind.uses.includes("style") ? checkpoint.styles : [];
  const lines = keepsLines(form, kind);
  const tidy = tidiesColours(form, kind);
  return (
    <>
      <KindChoice checkpoint={checkpoint} checkpoints={checkpoints} chosen={kindName} onChoose={(next) => change(withKind(next, checkpoint, checkpoints))} />
      {hasStrength(kind) && <StrengthSlider position={form.position} onChange={(position) => change({ position, numbers: withoutStrength(form.numbers) })} />}
      {styles.length > 0 && (
        <Suspense>
          <StyleRow styles={styles} chosen={styleOf(form, checkpoint, kind)} onChoose={(style) => change({ style })} />
        </Suspense>
      )}
      {hasSize(kind) && <SizeChoice form={form} change={change} checkpoint={checkpoint} kind={kind} region={kind.sees === "nothing" ? undefined : region} />}
      {lines !== null && (
        <label className="switch" title={t("Lays your lines over the picture.")}>
          <input type="checkbox" checked={lines} onChange={(event) => change({ keepLines: event.target.checked })} /> {t("Keep my lines")}
        </label>
      )}
      {tidy !== null && (
        <label className="switch" title={t("Gives each shape that your lines enclose one clean colour.")}>
          <input type="checkbox" checked={tidy} onChange={(event) => change({ tidyColours: event.target.checked })} /> {t("Tidy colours")}
        </label>
      )}
      {kind.draft_steps && (
        <label className="switch" title={t("Fewer steps: rougher, but faster. You can make a draft final later.")}>
          <input type="checkbox" checked={form.draft} onChange={(event) => change({ draft: event.target.checked })} /> {t("Draft first")}
        </label>
      )}
    </>
  );
}
