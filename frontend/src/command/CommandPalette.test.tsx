// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { Command } from "./Command";
import { CommandPalette } from "./CommandPalette";
import { recentCommands } from "./recent";

let done: string[];
const command = (id: string, label: string, more: Partial<Command> = {}): Command => ({ id, label, group: "View", run: () => done.push(id), ...more });
const commands = [command("fit", "Zoom to fit", { keys: "Shift+1" }), command("grid", "Grid"), command("share", "Share…", { group: "Board", note: "closed" })];

beforeEach(() => {
  done = [];
  localStorage.clear();
});
afterEach(cleanup);

const open = (all: readonly Command[] = commands) =>
  render(<CommandPalette title="Commands" placeholder="What?" commands={all} nothing="There is none." onClose={() => done.push("closed")} />);
const field = () => screen.getByRole("combobox");
const press = (key: string) => fireEvent.keyDown(field(), { key });
const marked = () => document.getElementById(field().getAttribute("aria-activedescendant")!)?.dataset.command;

it("marks rows by arrows, from the last to the first, and runs the marked one after it has closed", () => {
  open();
  expect(marked()).toBe("fit");
  press("ArrowDown");
  expect(marked()).toBe("grid");
  press("ArrowUp");
  press("ArrowUp");
  expect(marked()).toBe("share");
  press("ArrowDown");
  press("PageDown");
  expect(marked()).toBe("share");
  press("Enter");
  expect(done).toEqual(["closed", "share"]);
});

it("finds while one types, with the best marked, and says how many there are", () => {
  open();
  press("ArrowDown");
  fireEvent.change(field(), { target: { value: "zo" } });
  expect(screen.getAllByRole("option").map((row) => row.dataset.command)).toEqual(["fit"]);
  expect(marked()).toBe("fit");
  expect(screen.getByRole("status").textContent).toBe("1 command found");
  expect(screen.getByText("Shift+1")).toBeTruthy();
});

it("says that nothing is called so, or that there is nothing", () => {
  open();
  fireEvent.change(field(), { target: { value: "qqq" } });
  expect(screen.getByText("Nothing is called that.")).toBeTruthy();
  press("ArrowDown");
  press("Enter");
  expect(done).toEqual([]);
  cleanup();
  open([]);
  expect(screen.getByText("There is none.")).toBeTruthy();
});

it("lists what was used last first, once", () => {
  open();
  fireEvent.click(screen.getByRole("option", { name: /Grid/ }));
  expect(recentCommands()).toEqual(["grid"]);
  cleanup();
  open();
  expect(screen.getByRole("group", { name: "Recent" }).textContent).toContain("Grid");
  expect(screen.getAllByRole("option").map((row) => row.dataset.command)).toEqual(["grid", "fit", "share"]);
});
