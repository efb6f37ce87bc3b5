import { deflateSync, inflateSync } from "node:zlib";
import { expect, it } from "vitest";
import { deflate, inflate } from "./pako";

const text = `{"text": "Grüße, 你好 🎨"} `.repeat(200);

it("packs text so that everybody can unpack it, and the other way round", () => {
  expect(inflateSync(deflate(text)).toString()).toBe(text);
  expect(inflate(deflateSync(text), { to: "string" })).toBe(text);
  expect(inflate(deflate(text))).toEqual(new Uint8Array(Buffer.from(text)));
});

it("refuses what is cut off", () => {
  expect(() => inflate(deflate(text).slice(0, -40), { to: "string" })).toThrow();
});
