// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Job, Region } from "../api/types";
import type { BoardPort } from "./BoardPort";
import { EdgeChip } from "./EdgeChip";
import { JobStore } from "./jobStore";

const job = (fields: object) =>
  ({ id: "j", status: "running", step: 2, steps: 5, images: [], created_at: "2026-01-01", created_by: { id: "ana", name: "Ana" }, spots: [], ...fields }) as unknown as Job;
const done = job({ status: "succeeded", images: [{ id: "i", element_id: "picture" }] });

async function shown(place: Region) {
  const store = new JobStore();
  const at = { place };
  let moved = () => {};
  const shows = vi.fn();
  const board = { place: () => at.place, placeOf: () => at.place, screen: () => ({ width: 1000, height: 800 }), onMove: (run: () => void) => ((moved = run), () => {}), showElement: shows, show: shows };
  render(<EdgeChip store={store} board={board as unknown as BoardPort} you="ana" />);
  const apply = (next: Job) => act(async () => {
    store.apply([next]);
    await frame();
  });
  await apply(job({}));
  const move = (next: Region) => act(async () => {
    at.place = next;
    moved();
    await frame();
  });
  return { apply, move, shows };
}

const frame = () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
const far = { x: 3000, y: 100, width: 200, height: 200 };
const near = { x: 100, y: 100, width: 200, height: 200 };

afterEach(cleanup);

describe("the chip for a picture out of view", () => {
  it("says how far it is, then that it is ready and where, and goes there on a click", async () => {
    const { apply, shows } = await shown(far);
    expect(screen.getByTestId("edge-chip").textContent).toContain("Drawing… 40 %");
    await apply(done);
    expect(screen.getByRole("status").textContent).toBe("Picture ready, to the right of what you see.");
    fireEvent.click(screen.getByRole("button", { name: /Picture ready/ }));
    expect(shows).toHaveBeenCalledWith("picture");
  });

  it("goes when the picture is in view, and does not come again", async () => {
    const { apply, move } = await shown(far);
    await apply(done);
    await move(near);
    expect(screen.queryByTestId("edge-chip")).toBeNull();
    await move(far);
    expect(screen.queryByTestId("edge-chip")).toBeNull();
  });

  it("is taken away by Escape or ×", async () => {
    const { apply } = await shown(far);
    fireEvent.click(screen.getByRole("button", { name: "Dismiss" }));
    expect(screen.queryByTestId("edge-chip")).toBeNull();
    await apply(done);
    fireEvent.keyDown(screen.getByTestId("edge-chip"), { key: "Escape" });
    expect(screen.queryByTestId("edge-chip")).toBeNull();
  });

  it("is not there for what is in view", async () => {
    const { apply } = await shown(near);
    await apply(done);
    expect(screen.queryByTestId("edge-chip")).toBeNull();
  });
});
