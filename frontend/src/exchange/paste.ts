import { t } from "../language/t";

const documents = /^\s*\{[^]*"type"\s*:\s*"excalidraw(lib)?"/;
const writable = "input, textarea, select, [contenteditable]";

/**
 * Takes whole board files that are pasted on the canvas as text, before the canvas adds their elements unchecked. Elements copied
 * on a canvas are left to it. Loaded with the page, so keep it small.
 *
 * Returns a function that stops it.
 */
export function takePastes(canvas: HTMLElement, take: (files: File[]) => void): () => void {
  const paste = (event: ClipboardEvent) => {
    const at = event.target instanceof Element ? event.target : document.body; // a paste may be the document's
    if (at.closest(writable) || !(canvas.contains(at) || at === document.body)) return;
    const text = event.clipboardData?.getData("text/plain") ?? "";
    if (!isDocumentText(text)) return;
    event.preventDefault();
    event.stopPropagation();
    take([new File([text], t("the pasted text"))]);
  };
  addEventListener("paste", paste, { capture: true });
  return () => removeEventListener("paste", paste, { capture: true });
}

/** True for a whole board file, false for elements copied on a canvas ("excalidraw/clipboard"). */
export function isDocumentText(text: string): boolean {
  return documents.test(text);
}
