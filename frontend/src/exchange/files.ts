/** What may be brought, as the file picker and a drop see it: by name, as contents come too late to stop the browser. */

export const accepted = ".excalidraw,.excalidrawlib,.zip,.png,.svg";

const documents = /\.(excalidraw|excalidrawlib|zip)$/i;
const pictures = /\.(png|svg)$/i;

/** Always a document, whatever is in it. */
export function isDocument({ name }: { name: string }): boolean {
  return documents.test(name);
}

/** A picture that may hold a scene. */
export function mayHoldScene({ name, type }: { name: string; type: string }): boolean {
  return pictures.test(name) || type === "image/png" || type === "image/svg+xml";
}

/** Whether a picture holds a scene, told by the mark that Excalidraw and Atelier leave in both formats. */
export async function holdsScene(file: Blob): Promise<boolean> {
  const text = new TextDecoder("latin1").decode(await file.arrayBuffer());
  return text.includes("application/vnd.excalidraw+json");
}
