const documents = /^\s*\{[^]*"type"\s*:\s*"excalidraw(lib)?"/;
const writable = "input, textarea, select, [contenteditable]";

/**
 * Takes the text of whole board files that is pasted on the canvas, which would take their elements as they are. What was
 * copied on a canvas stays the canvas' own affair. Small, as it is there from the start.
 *
 * Returns the way to stop.
 */
export function takePastes(canvas: HTMLElement, take: (files: File[]) => void): () => void {
  const paste = (event: ClipboardEvent) => {
    const at = event.target instanceof Element ? event.target : document.body; // a paste may be the document's
    if (at.closest(writable) || !(canvas.contains(at) || at === document.body)) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isDocumentText(text)) return;
    event.preventDefault();
    event.stopPropagation();
    take([new File([text], "the pasted text")]);
  };
  addEventListener("paste", paste, { capture: true });
  return () => removeEventListener("paste", paste, { capture: true });
}

/** A whole file, not what a canvas puts on the clipboard ("excalidraw/clipboard"). */
export function isDocumentText(text: string): boolean {
  return documents.test(text);
}
