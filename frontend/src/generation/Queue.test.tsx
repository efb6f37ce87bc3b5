// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { Job } from "../api/types";
import { Queue } from "./Queue";

const job = (id: string, person: string, position: number | null) =>
  ({ id, status: position ? "queued" : "running", position, params: { kind: "img2img", prompt: id }, created_by: { id: person, name: person }, images: [] }) as unknown as Job;

function show(jobs: Job[], onRunNext?: (job: Job) => void) {
  const onCancelMine = vi.fn();
  render(<Queue jobs={jobs} you="ana" mayCancel={({ created_by }) => created_by?.id === "ana"} onCancel={() => undefined} onCancelMine={onCancelMine} onRunNext={onRunNext} onShow={() => undefined} />);
  return onCancelMine;
}

afterEach(cleanup);

describe("what is being made", () => {
  it("the owner lets one run next that has another of this board before it", () => {
    const next: string[] = [];
    show([job("running", "ana", null), job("first", "bob", 2), job("second", "bob", 5)], ({ id }) => void next.push(id));
    expect(screen.getAllByText("Run next")).toHaveLength(1);
    fireEvent.click(screen.getByLabelText("Run “second” next"));
    expect(next).toEqual(["second"]);
  });

  it("nobody else is offered that", () => {
    show([job("first", "bob", 1), job("second", "bob", 2)]);
    expect(screen.queryByText("Run next")).toBeNull();
  });

  it("all of mine are cancelled at once when there are several", () => {
    const onCancelMine = show([job("a", "ana", 1), job("b", "ana", 2), job("c", "bob", 3)]);
    fireEvent.click(screen.getByTestId("cancel-mine"));
    expect(onCancelMine).toHaveBeenCalledOnce();
    cleanup();
    show([job("a", "ana", 1), job("c", "bob", 3)]);
    expect(screen.queryByTestId("cancel-mine")).toBeNull();
  });
});
