// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Followed } from "../canvas/Following";
import type { Collaborator } from "../room/messages";
import { Signal } from "../room/signal";
import { TopBar } from "./TopBar";

vi.mock("../canvas/excalidraw", () => ({})); // no canvas is drawn here

let did: string[];
let followed: Followed | null;
const names = ["Ada", "Bo", "Cy", "Di", "Ed", "Flo", "Gus"];
const config = { you: { id: "me", name: "Mia", guest: false }, urls: {} };

beforeEach(() => {
  did = [];
  followed = null;
});
afterEach(cleanup);

function open(count: number, space: "wide" | "phone" = "wide") {
  const people = names.slice(0, count).map((name): [string, Collaborator] => [`s-${name}`, { id: name, name, color: "" }]);
  const room = { people: { all: new Map(people) }, you: { id: "me" }, peopleChanged: new Signal() };
  const following = {
    now: () => followed, subscribe: () => () => undefined, stop: () => void did.push("stop"),
    follow: (id: string) => void did.push(`follow ${id}`), goTo: (id: string) => did.push(`go to ${id}`),
  };
  render(<TopBar room={room as never} config={config as never} following={following as never} rename={async (name) => void did.push(`name ${name}`)} space={space} />);
}
const press = async (name: string | RegExp) => act(async () => void fireEvent.click(await screen.findByRole("button", { name })));

it("has a card for each person, with the ways to them, and closes it after one was taken", async () => {
  open(2);
  await press("Ada");
  expect(await screen.findByRole("dialog", { name: "Ada" })).toBeTruthy();
  await press("Follow");
  expect(screen.queryByRole("dialog")).toBeNull();
  await press("Bo");
  await press("Go to where they are");
  expect(did).toEqual(["follow Ada", "go to Bo"]);
});

it("offers to stop following who is followed", async () => {
  followed = { id: "Ada", name: "Ada" };
  open(1);
  await press("Ada");
  await press("Stop following");
  expect(did).toEqual(["stop"]);
});

it("lists those for whom there is no room, and on phones all, with one's own name below", async () => {
  open(7);
  await press("2 more people");
  expect(screen.getAllByRole("group").map((group) => group.getAttribute("aria-label"))).toEqual(names);
  cleanup();
  open(2, "phone");
  await press("You are Mia, and 2 people are here");
  expect(screen.getAllByRole("group")).toHaveLength(2);
  await press("Change your name");
  fireEvent.change(screen.getByRole("textbox", { name: "Your name" }), { target: { value: "Mo" } });
  await press("Save");
  expect(did).toEqual(["name Mo"]);
});

it("is closed by Escape, which gives the focus back, and by a press elsewhere", async () => {
  open(1);
  await press("Ada");
  (await screen.findByRole("button", { name: "Follow" })).focus();
  fireEvent.keyDown(document.activeElement!, { key: "Escape" });
  expect(screen.queryByRole("dialog")).toBeNull();
  expect(document.activeElement?.getAttribute("aria-label")).toBe("Ada");
  await press("Ada");
  fireEvent.pointerDown(document.body);
  expect(screen.queryByRole("dialog")).toBeNull();
});
