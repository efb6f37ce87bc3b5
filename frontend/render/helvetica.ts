/**
 * Width of text in Helvetica; Excalidraw measures only the names of frames.
 *
 * Advance widths of the characters from space to ~, in thousandths of the font size. They are the same in Helvetica,
 * Arial and Liberation Sans, which were made to be exchanged for each other.
 */
// prettier-ignore
const widths = [
  278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278,
  556, 556, 556, 556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556,
  1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833, 722, 778,
  667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556,
  333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556,
  556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];
const first = 0x20;
const unknown_latin = 556;
const unknown_wide = 1000; // Chinese, Japanese, Korean, emoji
const wide_from = 0x1100;

/** font: as in CSS, of which only the size in px counts. */
export function widthOf(text: string, font: string): number {
  const size = Number(/([\d.]+)px/.exec(font)?.[1] ?? 16);
  let sum = 0;
  for (const character of text) {
    const code = character.codePointAt(0)!;
    sum += widths[code - first] ?? (code < wide_from ? unknown_latin : unknown_wide);
  }
  return (sum * size) / 1000;
}
