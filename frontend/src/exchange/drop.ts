import { holdsScene, isDocument, mayHoldScene } from "./files";

/**
 * Takes dropped board files before the canvas does, which would replace the whole scene by them. Other files are passed on to the
 * canvas. Loaded with the page, so keep it small.
 *
 * Returns a function that stops it.
 */
export function takeDrops(canvas: HTMLElement, take: (files: File[]) => void): () => void {
  const passed = new WeakSet<Event>();
  const drop = (event: DragEvent) => {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (passed.has(event) || !files.some((file) => isDocument(file) || mayHoldScene(file))) return;
    event.preventDefault();
    event.stopPropagation();
    const { target, clientX, clientY } = event;
    void sorted(files).then(({ scenes, others }) => {
      if (scenes.length) take(scenes);
      if (!others.length) return;
      const dataTransfer = new DataTransfer();
      for (const file of others) dataTransfer.items.add(file);
      const again = new DragEvent("drop", { bubbles: true, cancelable: true, composed: true, clientX, clientY, dataTransfer });
      passed.add(again);
      target?.dispatchEvent(again);
    });
  };
  canvas.addEventListener("drop", drop, { capture: true });
  return () => canvas.removeEventListener("drop", drop, { capture: true });
}

/** Splits files into scenes and others. */
export async function sorted(files: readonly File[]): Promise<{ scenes: File[]; others: File[] }> {
  const scenes: File[] = [];
  const others: File[] = [];
  for (const file of files) {
    const scene = isDocument(file) || (mayHoldScene(file) && (await holdsScene(file)));
    (scene ? scenes : others).push(file);
  }
  return { scenes, others };
}
