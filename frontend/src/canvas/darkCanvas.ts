/**
 * The dark canvas: each colour is changed as it is drawn, and pictures are drawn as they are.
 *
 * Excalidraw 0.18 filters the whole canvas instead, pictures too, and no filter brings their colours back: its own leaves nothing
 * outside 18–237. build/trueColours.ts calls these functions from Excalidraw's renderer. To be removed when Excalidraw does so itself.
 */

/** What the filter makes of a whole canvas, for drawings whose colours are not set one by one. */
const filter = "invert(93%) hue-rotate(180deg)";

type Rgb = readonly [number, number, number];

/** An opaque colour, 0–255 each, as the filter shows it. */
export function darkened(colour: Rgb): Rgb {
  return turned(colour.map((each) => rounded(each * (1 - 2 * 0.93) + 0.93 * 255)) as unknown as Rgb);
}

/** The colour that `darkened` turns into this one, or the nearest. */
export function undarkened(colour: Rgb): Rgb {
  // A hue turned by half a circle twice is itself.
  return turned(colour).map((each) => rounded((0.93 * 255 - each) / (2 * 0.93 - 1))) as unknown as Rgb;
}

/** The hue turned by 180°, by the matrix of the filter effects' specification. */
function turned([red, green, blue]: Rgb): Rgb {
  return [
    rounded(-0.574 * red + 1.43 * green + 0.144 * blue),
    rounded(0.426 * red + 0.43 * green + 0.144 * blue),
    rounded(0.426 * red + 1.43 * green - 0.856 * blue),
  ];
}

function rounded(value: number): number {
  return Math.min(255, Math.max(0, Math.round(value)));
}

const most_colours = 4096;
const known = new Map<string, string>();
let probe: CanvasRenderingContext2D | null = null;

/** A CSS colour as it is drawn on the dark canvas; what is no colour stays. */
function inDark(colour: string): string {
  const before = known.get(colour);
  if (before !== undefined) return before;
  if (known.size >= most_colours) known.clear();
  const dark = computed(colour);
  known.set(colour, dark);
  return dark;
}

function computed(colour: string): string {
  probe ??= document.createElement("canvas").getContext("2d")!;
  probe.fillStyle = "#010203";
  probe.fillStyle = colour;
  const read = probe.fillStyle; // "#rrggbb", or "rgba(r, g, b, a)" if it is translucent
  if (read === "#010203") return colour;
  const parts = read.startsWith("#") ? read.match(/[0-9a-f]{2}/gi)!.map((pair) => parseInt(pair, 16)) : read.match(/[\d.]+/g)!.map(Number);
  const [red = 0, green = 0, blue = 0, alpha = 1] = parts;
  return `rgba(${darkened([red, green, blue]).join()}, ${alpha})`;
}

const dark = Symbol("dark");
type Paint = CanvasRenderingContext2D["fillStyle"];

/** The properties of a dark context: what is set is changed on the way to the canvas. */
const properties = Object.fromEntries(
  (["fillStyle", "strokeStyle", "shadowColor"] as const).map((name) => {
    const own = () => Object.getOwnPropertyDescriptor(CanvasRenderingContext2D.prototype, name)!;
    const property: PropertyDescriptor & ThisType<CanvasRenderingContext2D> = {
      configurable: true,
      get() {
        return own().get!.call(this) as Paint;
      },
      set(value: Paint) {
        own().set!.call(this, typeof value === "string" ? inDark(value) : value);
      },
    };
    return [name, property];
  }),
);

type Context = CanvasRenderingContext2D & { [dark]?: true };

interface Drawn {
  type: string;
  fileId?: string | null;
}

interface RenderConfig {
  imageCache: ReadonlyMap<string, { mimeType: string }>;
}

/** Prepares a context for a whole canvas. theme: undefined takes the one around the canvas. */
export function paintScene(context: Context, theme: string | undefined, exporting: boolean | undefined): void {
  const { canvas } = context;
  // What is drawn there over the scene is no picture, and keeps the filter (Board.css). Exports have a filter of their own.
  if (exporting || canvas.classList.contains("interactive")) return;
  setDark(context, theme ? theme === "dark" : canvas.closest(".theme--dark") !== null);
}

/** Prepares the context of a fresh canvas for one element. */
export function paintElement(context: Context, theme: string, { type, fileId }: Drawn, { imageCache }: RenderConfig): void {
  setDark(context, theme === "dark");
  // Black drawings on nothing would not be seen in the dark, so drawings turn as strokes do; pictures stay as they are.
  if (theme === "dark" && type === "image" && fileId && imageCache.get(fileId)?.mimeType === "image/svg+xml") context.filter = filter;
}

/** Prepares a dark context for an icon that was drawn for light ones; until its next restore(). */
export function paintIcon(context: Context): void {
  if (context[dark]) context.filter = filter;
}

/** A pixel of the scene, as the colour that an element needs to look like it. */
export function picked(context: Context, pixel: Uint8ClampedArray): ArrayLike<number> {
  return context[dark] ? undarkened([pixel[0]!, pixel[1]!, pixel[2]!]) : pixel;
}

function setDark(context: Context, to: boolean): void {
  if (Boolean(context[dark]) === to) return;
  if (to) {
    Object.defineProperties(context, properties);
    context[dark] = true;
    return;
  }
  for (const name of Object.keys(properties)) Reflect.deleteProperty(context, name);
  Reflect.deleteProperty(context, dark);
}
