import { t } from "../language/t";

/**
 * Replaces image-blob-reduce and pica, with which Excalidraw makes pictures smaller when they are inserted (aliases in
 * vite.config.ts); it calls the one with the other.
 *
 * The original re-encodes every picture, small ones too, and copies the segments of the old JPEG before the new pixels: CMYK
 * and truncated pictures come out wrong. Here a picture that is small enough stays as it is, and the server does the rest.
 */
export default function imageBlobReduce() {
  return { toBlob };
}

const quality = 0.92;

async function toBlob(file: Blob, { max }: { max: number }): Promise<Blob> {
  const image = new Image();
  image.src = URL.createObjectURL(file);
  try {
    await image.decode();
    const scale = max / Math.max(image.naturalWidth, image.naturalHeight);
    if (scale >= 1) return file;
    const canvas = document.createElement("canvas");
    canvas.width = Math.max(1, Math.round(image.naturalWidth * scale));
    canvas.height = Math.max(1, Math.round(image.naturalHeight * scale));
    const context = canvas.getContext("2d")!;
    context.imageSmoothingQuality = "high";
    context.drawImage(image, 0, 0, canvas.width, canvas.height);
    return await new Promise((resolve, reject) =>
      canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error(t("This picture could not be read.")))), file.type, quality),
    );
  } finally {
    URL.revokeObjectURL(image.src);
  }
}
