/** Which files can be imported, by name: their contents can be read only after a drop has to be decided on. */

export const accepted = ".excalidraw,.excalidrawlib,.zip,.png,.svg";

const documents = /\.(excalidraw|excalidrawlib|zip)$/i;
const pictures = /\.(png|svg)$/i;

/** True for a board file or zip. */
export function isDocument({ name }: { name: string }): boolean {
  return documents.test(name);
}

/** True for a picture that may contain a scene. */
export function mayHoldScene({ name, type }: { name: string; type: string }): boolean {
  return pictures.test(name) || type === "image/png" || type === "image/svg+xml";
}

/** True if a picture contains a scene, by the marker that Excalidraw and Atelier write into PNG and SVG. */
export async function holdsScene(file: Blob): Promise<boolean> {
  const text = new TextDecoder("latin1").decode(await file.arrayBuffer());
  return text.includes("application/vnd.excalidraw+json");
}
