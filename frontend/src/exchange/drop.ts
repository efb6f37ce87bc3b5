import { holdsScene, isDocument, mayHoldScene } from "./files";

/**
 * Takes dropped documents before the canvas does, which would put them in the place of everybody's scene. Plain pictures go on
 * to the canvas. Small, as it is there from the start.
 *
 * Returns the way to stop.
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

/** Which files are scenes; the others are for the canvas. */
export async function sorted(files: readonly File[]): Promise<{ scenes: File[]; others: File[] }> {
  const scenes: File[] = [];
  const others: File[] = [];
  for (const file of files) {
    const scene = isDocument(file) || (mayHoldScene(file) && (await holdsScene(file)));
    (scene ? scenes : others).push(file);
  }
  return { scenes, others };
}
