const kept = new Set(["image/png", "image/jpeg", "image/webp", "image/gif"]);

/** A picture's bytes in a form the server keeps: anything else, such as SVG, is drawn once and becomes PNG. */
export async function storable(dataURL: string): Promise<Blob> {
  const answer = await fetch(dataURL);
  const bytes = await answer.blob();
  return kept.has(bytes.type) ? bytes : drawn(dataURL);
}

async function drawn(dataURL: string): Promise<Blob> {
  const image = new Image();
  image.src = dataURL;
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = image.naturalWidth || 512;
  canvas.height = image.naturalHeight || 512;
  canvas.getContext("2d")!.drawImage(image, 0, 0, canvas.width, canvas.height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("This picture could not be read."))), "image/png");
  });
}
