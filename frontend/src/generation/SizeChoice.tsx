import { t } from "../language/t";
import type { Checkpoint, KindOfCheckpoint, Region } from "../api/types";
import { RadioGroup } from "../ui/RadioGroup";
import type { Form } from "./form";
import { longestChoices, shape_names, shapeOf, shapes, sizeOf, usualLongest, type Shape } from "./sizes";
import "./SizeChoice.css";

interface Props {
  form: Form;
  change(part: Partial<Form>): void;
  checkpoint: Checkpoint;
  kind: KindOfCheckpoint;
  /** Of the sketch, whose shape a picture has unless another is chosen. */
  region: Region | undefined;
}

type Choice = Shape | "sketch" | "other";

/** Shape and size of the picture: as the sketch, or one of a few shapes, and how long its longer side is. */
export function SizeChoice({ form, change, checkpoint, kind, region }: Props) {
  const { size, longest } = form;
  const chosen: Choice = size ? (shapeOf(size, longest, checkpoint) ?? "other") : "sketch";
  const lengths = longestChoices(checkpoint, kind);
  const choose = (next: Choice) => {
    if (next !== "other") change({ size: next === "sketch" ? null : sizeOf(next, longest, checkpoint) });
  };
  const chooseLength = (next: number | null) => {
    const shape = chosen === "sketch" || chosen === "other" ? null : chosen;
    change({ longest: next, size: shape ? sizeOf(shape, next, checkpoint) : null });
  };
  const tiles: Choice[] = ["sketch", ...shape_names, ...(chosen === "other" ? ["other" as const] : [])];
  const usual = chosen === "sketch" || chosen === "other" ? usualLongest(checkpoint) : Math.max(...Object.values(sizeOf(chosen, null, checkpoint)) as number[]);
  const drawn = Math.max(...checkpoint.sizes.flat());
  return (
    <div className="field size-choice">
      <div className="size-line">
        <span className="label">{t("Size")}</span>
        {lengths.length > 1 && (
          <RadioGroup
            className="choices lengths" label={t("Longer side")} value={longest} onChoose={chooseLength}
            options={lengths.filter((side) => !side || side > usual).map((side) => ({ value: side, content: String(side ?? usual), label: t("{n} px", { n: side ?? usual }) }))}
          />
        )}
      </div>
      <RadioGroup
        className="sizes" label={t("Shape")} value={chosen} onChoose={choose}
        options={tiles.map((tile) => ({ value: tile, content: <Tile ratio={ratioOf(tile, form, region)} dashed={tile === "sketch"} name={nameOf(tile, Boolean(region), form)} />, title: titleOf(tile, form, checkpoint) }))}
      />
      {(longest ?? usual) > drawn && <p className="quiet size-note">{t("This model draws {n} px and enlarges.", { n: drawn })}</p>}
    </div>
  );
}

function Tile({ ratio, dashed, name }: { ratio: number; dashed: boolean; name: string }) {
  const width = ratio >= 1 ? 20 : Math.max(8, 20 * ratio);
  const height = ratio >= 1 ? Math.max(8, 20 / ratio) : 20;
  return (
    <>
      <i aria-hidden="true"><b data-dashed={dashed} style={{ width, height }} /></i>
      <span>{name}</span>
    </>
  );
}

function ratioOf(tile: Choice, { size }: Form, region: Region | undefined): number {
  if (tile === "other") return size!.width_px / size!.height_px;
  if (tile === "sketch") return region ? Math.max(1, region.width) / Math.max(1, region.height) : 1;
  return shapes[tile][0] / shapes[tile][1];
}

function nameOf(tile: Choice, hasSketch: boolean, { size }: Form): string {
  if (tile === "other") return `${size!.width_px} × ${size!.height_px}`;
  const names = { sketch: hasSketch ? t("Sketch") : t("Standard"), square: t("Square"), landscape: "4:3", portrait: "3:4", wide: "16:9", tall: "9:16" };
  return names[tile];
}

function titleOf(tile: Choice, { size, longest }: Form, checkpoint: Checkpoint): string {
  if (tile === "sketch") return t("The shape of what you drew");
  const { width_px, height_px } = tile === "other" ? size! : sizeOf(tile, longest, checkpoint);
  return t("{width} × {height} px", { width: width_px, height: height_px });
}
