const longest_side_px = 16_384; // what browsers draw on one canvas
const most_pixels = 120_000_000;

/** The scale that is asked for, or the largest that a picture of this size may have. */
export function possibleScale(scale: number, { width, height }: { width: number; height: number }): number {
  return Math.min(scale, longest_side_px / Math.max(width, height, 1), Math.sqrt(most_pixels / Math.max(width * height, 1)));
}

/** A file name: the title without characters that file systems refuse. */
export function fileName(title: string, suffix: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what must go
  const stem = title.replace(/[\s\x00-\x1f\x7f\\/:*?"<>|]+/g, " ").replace(/^[ .]+|[ .]+$/g, "").slice(0, 100);
  return `${stem || "board"}.${suffix}`;
}
