// @vitest-environment happy-dom
import { act, renderHook } from "@testing-library/react";
import { describe, expect, it } from "vitest";
import { checkpoint } from "../test/checkpoint";
import type { Target } from "./target";
import { useForm } from "./useForm";

const frame = (id: string, fields: Partial<Target> = {}): Target => ({ shape: "frame", id, title: "", prompt: "", region: { x: 0, y: 0, width: 1, height: 1 }, ...fields });
const open = (target: Target | null) => renderHook((props) => useForm([checkpoint], props.target), { initialProps: { target } });

describe("the settings of the panel", () => {
  it("are those that the frame remembers, read once for each choice of it", () => {
    const { result, rerender } = open(frame("f", { kind: "pix2pix", strength: 0 }));
    expect(result.current).toMatchObject({ kindName: "pix2pix", form: { position: 0 } });
    rerender({ target: frame("f", { kind: "img2img", strength: 1 }) });
    expect(result.current).toMatchObject({ kindName: "pix2pix", form: { position: 0 } });
    rerender({ target: frame("g", { kind: "img2img", strength: 1 }) });
    expect(result.current).toMatchObject({ kindName: "img2img", form: { position: 4 } });
  });

  it("stay where a picture is chosen, and their kind where a frame remembers none", () => {
    const { result, rerender } = open(frame("f", { kind: "pix2pix", strength: 1 }));
    act(() => result.current.change({ numbers: { steps: 30 } }));
    rerender({ target: frame("p", { shape: "picture" }) });
    expect(result.current.form).toMatchObject({ kind: "pix2pix", position: 4, numbers: { steps: 30 } });
    rerender({ target: frame("g") });
    expect(result.current.form).toMatchObject({ kind: "pix2pix", position: 2, numbers: {} });
  });
});
