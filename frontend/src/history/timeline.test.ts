import { describe, expect, it } from "vitest";
import type { Version } from "../api/versions";
import { byDay, inWords, noteOf, titleOf } from "./timeline";
import { continued, renewed } from "./useVersions";

const now = new Date(2026, 4, 20, 15, 0);

function version(time: Date, fields: Partial<Version> = {}): Version {
  return { id: time.toISOString(), clock: 1, name: "", automatic: true, created_by: null, created_at: time.toISOString(), people: [], before_restore_of: null, ...fields };
}

describe("the timeline", () => {
  it("puts versions under the days on which they were made", () => {
    const times = [new Date(2026, 4, 20, 9), new Date(2026, 4, 20, 0, 1), new Date(2026, 4, 19, 23, 59), new Date(2026, 4, 1), new Date(2025, 11, 31)];
    const days = byDay(times.map((time) => version(time)), now);
    expect(days.map((day) => day.versions.length)).toEqual([2, 1, 1, 1]);
    expect(days.slice(0, 2).map((day) => day.title)).toEqual(["Today", "Yesterday"]);
    expect(days[2]!.title).not.toContain("2026");
    expect(days[3]!.title).toContain("2025");
  });

  it("counts days by the calendar where one of them has 23 hours", () => {
    const springs = new Date(2026, 2, 30, 1);
    expect(byDay([version(new Date(2026, 2, 29, 0, 30))], springs)[0]!.title).toBe("Yesterday");
  });

  it("calls a version by its name, else by its time", () => {
    expect(titleOf(version(now, { name: "Draft" }))).toBe("Draft");
    expect(titleOf(version(now))).toMatch(/\d/);
    expect(noteOf(version(now))).toBe("Saved automatically");
    expect(noteOf(version(now, { name: "Draft" }))).toBe(titleOf(version(now)));
    expect(noteOf(version(now, { before_restore_of: "x" }))).toBe("Before going back");
    expect(inWords(version(now, { name: "Draft" }), now)).toMatch(/^“Draft” \(Today, /);
  });
});

describe("the list", () => {
  const at = (minute: number) => version(new Date(2026, 4, 20, 9, minute));
  const ids = (list: readonly Version[]) => list.map((each) => new Date(each.created_at).getMinutes());

  it("takes in newer ones, drops those that are gone, and keeps what is older than the page", () => {
    const before = [at(9), at(8), at(7), at(3)];
    expect(ids(renewed(before, { items: [at(10), at(9), at(7)], next: "cursor" }))).toEqual([10, 9, 7, 3]);
  });

  it("is the page where the page is all there is", () => {
    expect(ids(renewed([at(9), at(3)], { items: [at(9)], next: null }))).toEqual([9]);
    expect(renewed([at(9)], { items: [], next: null })).toEqual([]);
  });

  it("goes on with older ones, none twice", () => {
    expect(ids(continued([at(9), at(8)], { items: [at(8), at(7)], next: null }))).toEqual([9, 8, 7]);
  });
});
