/**
 * Globals of a browser that a bare V8 lacks. Imported before Excalidraw, whose modules use them as they load.
 *
 * setTimeout comes from the host; other callbacks run as microtasks.
 */
import { page, PageElement, PageNode } from "./dom";

const nothing = () => undefined;
const host = globalThis as unknown as Record<string, unknown>;

const missing: Record<string, unknown> = {
  window: globalThis,
  self: globalThis,
  global: globalThis,
  document: page,
  process: { env: { NODE_ENV: "production" } },
  navigator: { userAgent: "", platform: "", language: "en" },
  location: { origin: "http://localhost", href: "http://localhost/", hash: "", search: "", pathname: "/" },
  devicePixelRatio: 1,
  console: { log: nothing, warn: nothing, error: nothing, info: nothing, debug: nothing },
  performance: { now: () => Date.now(), mark: nothing, measure: nothing },
  localStorage: { getItem: () => null, setItem: nothing, removeItem: nothing },
  matchMedia: () => ({ matches: false, addEventListener: nothing, removeEventListener: nothing }),
  addEventListener: nothing,
  removeEventListener: nothing,
  setInterval: () => 0,
  clearInterval: nothing,
  requestAnimationFrame: (call: () => void) => void Promise.resolve().then(call),
  cancelAnimationFrame: nothing,
  queueMicrotask: (call: () => void) => void Promise.resolve().then(call),
  structuredClone: (value: unknown) => JSON.parse(JSON.stringify(value)) as unknown,
  crypto: { getRandomValues: randomValues },
  atob: decodeBase64,
  URL: class {
    readonly href: string;
    constructor(path: string, base = "") {
      this.href = /^[a-z]+:/i.test(path) ? path : String(base) + path;
    }
    toString(): string {
      return this.href;
    }
  },
  TextEncoder: class {
    encode(text: string): Uint8Array {
      return Uint8Array.from(unescape(encodeURIComponent(text)), (character) => character.charCodeAt(0));
    }
  },
  TextDecoder: class {
    decode(bytes: Uint8Array): string {
      return Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
    }
  },
  FontFace: class {
    readonly status = "loaded";
    readonly unicodeRange = "U+0-10FFFF";
    constructor(readonly family: string) {}
    load(): Promise<this> {
      return Promise.resolve(this);
    }
  },
  Node: PageNode,
  Element: PageElement,
  HTMLElement: PageElement,
  SVGElement: PageElement,
};
for (const name of ["Blob", "CustomEvent", "DOMParser", "Event", "EventTarget", "File", "FileReader", "HTMLCanvasElement"]) {
  missing[name] = class {};
}
for (const name of ["Image", "MutationObserver", "Path2D", "ResizeObserver", "Worker", "XMLSerializer"]) missing[name] = class {};

for (const [name, value] of Object.entries(missing)) host[name] ??= value;

/** For ids that are discarded with the picture: need not be secure. */
function randomValues<A extends Uint8Array>(into: A): A {
  return into.map(() => Math.random() * 256) as A;
}

function decodeBase64(text: string): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  let out = "";
  let bits = 0;
  let held = 0;
  for (const character of text.replace(/=+$/, "")) {
    bits = ((bits << 6) | alphabet.indexOf(character)) & 0xffff;
    held += 6;
    if (held >= 8) {
      held -= 8;
      out += String.fromCharCode((bits >> held) & 0xff);
    }
  }
  return out;
}
