const svg_max_bytes = 2 * 1024 * 1024;
const svg_side_px = 2_048; // sharp on any display, far within what a canvas takes
/** What browsers show in an SVG and the server cannot keep. */
const not_kept = /<([\w-]+:)?(foreignObject|filter)[\s>/]|\bfilter\s*[:=]/i;

/** Whether the server keeps all that is seen of an SVG. */
export const isKept = (svg: string): boolean => !not_kept.test(svg);

export interface Storable {
  bytes: Blob;
  /** The picture is another one than the canvas has: it goes by another name. */
  redrawn: boolean;
}

/** A picture's bytes in a form that the server keeps: as they are, or drawn once more where it would not take them. */
export async function storable(dataURL: string, max_bytes: number): Promise<Storable> {
  const bytes = await (await fetch(dataURL)).blob();
  const vector = bytes.type === "image/svg+xml";
  const keeps = vector ? bytes.size <= svg_max_bytes && isKept(await bytes.text()) : bytes.size <= max_bytes;
  return keeps ? { bytes, redrawn: false } : { bytes: await redrawn(dataURL, vector, max_bytes), redrawn: true };
}

/** PNG, or where that is too large WebP, of half the size each time until it fits. */
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
      if (!blob) throw new Error("This picture could not be read.");
      if (blob.size <= max_bytes) return blob;
    }
  }
}
