/**
 * Replaces pako, with which Excalidraw packs the board into a PNG or SVG (alias in vite.config.ts): the same format, and every
 * first visit loads 13 kB less.
 */
import { strFromU8, strToU8, unzlibSync, zlibSync } from "fflate";

export function deflate(text: string | Uint8Array): Uint8Array {
  return zlibSync(typeof text === "string" ? strToU8(text) : text);
}

export function inflate(packed: Uint8Array, { to }: { to?: "string" } = {}): Uint8Array | string {
  const bytes = unzlibSync(packed);
  return to === "string" ? strFromU8(bytes) : bytes;
}
