import { deflateRawSync } from "node:zlib";
import { describe, expect, it, vi } from "vitest";
import { canInflate, FrameReader } from "./frames";

const packed = (...messages: string[]) => {
  const bytes = deflateRawSync(messages.join("\n"));
  return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
};
const said = (count: number) => Array.from({ length: count }, (_, at) => `"message ${at} ü"`);

function reader() {
  const messages: string[] = [];
  const broken = vi.fn();
  return { messages, broken, reader: new FrameReader((message) => messages.push(message), broken) };
}

describe("frames", () => {
  it("this test runs where deflate is known", () => expect(canInflate).toBe(true));

  it("text is delivered at once while nothing is being unpacked", () => {
    const { messages, reader: frames } = reader();
    frames.take("a");
    expect(messages).toEqual(["a"]);
  });

  it("a packed frame holds several messages, one a line", async () => {
    const { messages, reader: frames } = reader();
    frames.take(packed(...said(3)));
    await vi.waitFor(() => expect(messages).toEqual(said(3)));
  });

  it("text, packed frames and the end keep their order, however long unpacking takes", async () => {
    const { messages, reader: frames } = reader();
    const large = `"${"x".repeat(2_000_000)}"`;
    frames.take("first");
    frames.take(packed(large, "second"));
    frames.take("third");
    frames.take(packed("fourth"));
    frames.take("fifth");
    frames.after(() => messages.push("end"));
    await vi.waitFor(() => expect(messages).toContain("end"));
    expect(messages).toEqual(["first", large, "second", "third", "fourth", "fifth", "end"]);
  });

  it("a frame that is not deflate is told, and nothing after it is delivered", async () => {
    const { messages, broken, reader: frames } = reader();
    frames.take(new Uint8Array([255, 255, 255, 255]).buffer);
    frames.take("later");
    await vi.waitFor(() => expect(broken).toHaveBeenCalledOnce());
    expect(messages).toEqual([]);
  });

  it("a reader that was closed says nothing more", async () => {
    const { messages, reader: frames } = reader();
    const done = vi.fn();
    frames.take(packed("late"));
    frames.close();
    frames.take("later");
    frames.after(done);
    const other = reader();
    other.reader.take(packed("other"));
    await vi.waitFor(() => expect(other.messages).toEqual(["other"]));
    expect(messages).toEqual([]);
    expect(done).not.toHaveBeenCalled();
  });
});
