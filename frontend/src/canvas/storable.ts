import { t } from "../language/t";

const svg_max_bytes = 2 * 1024 * 1024;
const svg_side_px = 2_048; // sharp on any display, far within what a canvas takes
/** Parts of an SVG that browsers show and the server removes. */
const not_storable = /<([\w-]+:)?(foreignObject|filter)[\s>/]|\bfilter\s*[:=]/i;

/** True if the server stores everything that is visible in an SVG. */
export const isStorable = (svg: string): boolean => !not_storable.test(svg);

export interface Storable {
  bytes: Blob;
  /** True if the picture differs from the one on the canvas and needs another id. */
  redrawn: boolean;
}

/** A picture in a form that the server stores: unchanged, or redrawn where it would refuse it. */
export async function storable(dataURL: string, max_bytes: number): Promise<Storable> {
  const bytes = await (await fetch(dataURL)).blob();
  const vector = bytes.type === "image/svg+xml";
  const keeps = vector ? bytes.size <= svg_max_bytes && isStorable(await bytes.text()) : bytes.size <= max_bytes;
  return keeps ? { bytes, redrawn: false } : { bytes: await redrawn(dataURL, vector, max_bytes), redrawn: true };
}

/** PNG, else WebP, at half the size each time until it fits. */
async function redrawn(dataURL: string, vector: boolean, max_bytes: number): Promise<Blob> {
  const image = new Image();
  image.src = dataURL;
  await image.decode();
  const [width, height] = [image.naturalWidth || 512, image.naturalHeight || 512];
  const canvas = document.createElement("canvas");
  for (let scale = vector ? svg_side_px / Math.max(width, height) : 1; ; scale /= 2) {
    canvas.width = Math.max(1, Math.round(width * scale));
    canvas.height = Math.max(1, Math.round(height * scale));
    canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
    for (const type of ["image/png", "image/webp"]) {
      const blob = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, type, 0.92));
      if (!blob) throw new Error(t("This picture could not be read."));
      if (blob.size <= max_bytes) return blob;
    }
  }
}
