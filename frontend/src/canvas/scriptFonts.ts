/**
 * Fonts for scripts that no family of Excalidraw covers: with them a text looks the same on every machine and in pictures that
 * the server draws (boards/text_shaping.py). A browser loads a font when a text needs it.
 */
const paths = import.meta.glob<string>(
  [
    "../../node_modules/@fontsource/noto-sans/files/*-400-normal.woff2",
    "../../node_modules/@fontsource/noto-sans-*/files/*-{hebrew,arabic,thai,bengali,tamil}-400-normal.woff2",
    "../../node_modules/@fontsource/noto-sans-math/files/*-400-normal.woff2",
  ],
  { query: "?url", import: "default", eager: true },
);
const ranges = import.meta.glob<Record<string, string>>("../../node_modules/@fontsource/noto-sans*/unicode.json", { import: "default", eager: true });

/** All families have these letters; Excalidraw loads what every family of a list could draw of a text. */
const ascii = /U\+0000-00FF/;
/** Arrows and signs of mathematics: what the package calls Latin is all there is of it. */
const signs = "U+2190-22FF";
/** The last of every list of families that Excalidraw writes. It is Windows' own font for emoji, which systems find by themselves. */
const family = "Segoe UI Emoji";

for (const [path, address] of Object.entries(paths)) {
  const [, packaged, slice] = /@fontsource\/([^/]+)\/files\/\1-(.+)-400-normal/.exec(path)!;
  const unicodeRange = packaged === "noto-sans-math" ? signs : ranges[`../../node_modules/@fontsource/${packaged}/unicode.json`]![slice!]!.replace(ascii, "U+0080-00FF");
  document.fonts.add(new FontFace(family, `url(${address})`, { unicodeRange }));
}
