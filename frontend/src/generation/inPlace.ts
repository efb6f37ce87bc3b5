import type { Job } from "../api/types";

/** Pictures that take the place of the one that they were repainted from. Pure. */

/** True if the picture of a job takes the place of another, at once or when it is accepted. */
export function isInPlace({ placement, accepted_placement }: Pick<Job, "placement" | "accepted_placement">): boolean {
  return (placement === "stage" ? accepted_placement : placement) === "in_place";
}

/** How an element shows its file, as styles of a layer of its size and of the picture in it. */
export interface Show {
  layer: string;
  picture: Partial<Record<"left" | "top" | "width" | "height", string>>;
}

interface Shown {
  angle: number;
  scale: readonly [number, number];
  crop: { x: number; y: number; width: number; height: number; naturalWidth: number; naturalHeight: number } | null;
}

export function showOf({ angle, scale, crop }: Shown): Show {
  const layer = `rotate(${angle}rad) scale(${scale[0]}, ${scale[1]})`;
  if (!crop) return { layer, picture: { left: "0%", top: "0%", width: "100%", height: "100%" } };
  const percent = (part: number, of: number) => `${(100 * part) / of}%`;
  return {
    layer,
    picture: {
      left: percent(-crop.x, crop.width), top: percent(-crop.y, crop.height),
      width: percent(crop.naturalWidth, crop.width), height: percent(crop.naturalHeight, crop.height),
    },
  };
}
