import { expect, it } from "vitest";
import type { Command } from "./Command";
import { grouped, search } from "./search";

const command = (id: string, label: string, group = "View", words?: string): Command => ({ id, label, group, words, run: () => undefined });

const commands = [
  command("rename", "Rename board…", "Board", "title name"),
  command("fit", "Zoom to fit everything"),
  command("in", "Zoom in"),
  command("selection", "Zoom to selection"),
  command("select", "Select", "Tools"),
  command("rectangle", "Rectangle", "Tools", "box square"),
  command("house", "Go to frame “Maison à Nîmes”", "Frames"),
];
const found = (query: string, recent: readonly string[] = []) => search(commands, query, recent).map(({ id }) => id);

it("finds every word, in any order, and the start of a word before what lies within", () => {
  expect(found("zoom sel")).toEqual(["selection"]);
  expect(found("sel zoom")).toEqual(["selection"]);
  expect(found("select")).toEqual(["select", "selection"]);
  expect(found("zoom in")[0]).toBe("in");
  expect(found("fit zz")).toEqual([]);
});

it("finds by other words, by the group, by letters in order, and without accents", () => {
  expect(found("square")).toEqual(["rectangle"]);
  expect(found("rctngl")).toEqual(["rectangle"]);
  expect(found("tools")).toEqual(expect.arrayContaining(["select", "rectangle"]));
  expect(found("nimes")).toEqual(["house"]);
});

it("puts those used last first among equals, and otherwise keeps their order", () => {
  expect(found("zoom")).toEqual(["fit", "in", "selection"]);
  expect(found("zoom", ["selection"])).toEqual(["selection", "fit", "in"]);
});

it("lists all by their headings, below those used last that there are", () => {
  const shape = (recent: readonly string[]) => grouped(commands, recent, "Recent").map(({ heading, commands: each }) => [heading, each.map(({ id }) => id)]);
  expect(shape(["gone", "select"])).toEqual([["Recent", ["select"]], ["Board", ["rename"]], ["View", ["fit", "in", "selection"]], ["Tools", ["rectangle"]], ["Frames", ["house"]]]);
  expect(shape(["gone"])[0]).toEqual(["Board", ["rename"]]);
});
