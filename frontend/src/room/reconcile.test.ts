import { describe, expect, it } from "vitest";
import cases from "../../../tests/shared/reconcile_cases.json";
import { Inbox } from "./Inbox";
import { compareOrder, isValidIndex, merge, takesIncoming, withOwnIndices, type Placed, type Versioned } from "./reconcile";

type Element = Versioned & Placed;

describe("merge rule, shared with the server", () => {
  it.each(cases.merge.map((c) => [c.name, c] as const))("%s", (_name, { local, remote, expect: wanted }) => {
    const merged = merge<Element>(local, remote);
    const side = (element: Element) => (local.includes(element as never) ? "L" : "R");
    expect(merged.map((element) => `${element.id}:${side(element)}`)).toEqual(wanted);
    expect(merge(merged, remote)).toEqual(merged);
    expect(merge<Element>(remote, local).map(winner)).toEqual(merged.map(winner));
    expect(merge<Element>(remote, merged).map(winner)).toEqual(merged.map(winner));
  });

  it.each(cases.pushes.map((c) => [c.name, c] as const))("in one message: %s", (_name, { elements, stay, x }) => {
    const inbox = new Inbox();
    inbox.add(elements.map((element) => ({ ...element, type: "rectangle" })));
    const left = inbox.take();
    expect(left.map(winner)).toEqual(stay);
    expect(left.map((element) => element.x)).toEqual(x);
  });

  it.each(cases.newer.map((c) => [c.name, c] as const))("newer: %s", (_name, { stored, incoming, takes }) => {
    expect(takesIncoming(stored ?? undefined, incoming) ? "incoming" : "stored").toBe(takes);
  });

  it.each(cases.order.map((c) => [c.name, c] as const))("order: %s", (_name, { elements, expect: wanted }) => {
    expect([...elements].sort(compareOrder).map(({ id }) => id)).toEqual(wanted);
  });

  it.each(cases.index_valid.map(({ key, valid }) => [JSON.stringify(key).slice(0, 40), key, valid] as const))(
    "index %s",
    (_name, key, valid) => expect(isValidIndex(key)).toBe(valid),
  );
});

describe("withOwnIndices", () => {
  const at = (id: string, index: string) => ({ id, index });
  const move = (element: Placed, index: string) => ({ ...element, index });
  const repair = (elements: Placed[], mine: string[]) =>
    withOwnIndices([...elements].sort(compareOrder), (element) => mine.includes(element.id), move);

  it("leaves a list alone in which nothing is wrong", () => {
    const list = [at("a", "a0"), at("b", "a1")];
    expect(withOwnIndices(list, () => true, move)).toBe(list);
  });

  it("moves the new one of ours, even when its id sorts first", () => {
    const fixed = repair([at("a", "a1"), at("b", "a1"), at("c", "a2")], ["a"]);
    expect(fixed.map(({ id }) => id)).toEqual(["b", "a", "c"]);
    expect(fixed.find(({ id }) => id === "b")!.index).toBe("a1");
  });

  it.each([
    ["three at one place", [at("a", "a1"), at("b", "a1"), at("c", "a1"), at("d", "a2")]],
    ["bad keys among good ones", [at("a", "a1"), at("b", "zz"), at("c", "ü"), at("d", "a1"), at("e", "")]],
    ["pairs at several places", [at("a", "a1"), at("b", "a1"), at("c", "a2"), at("d", "a2")]],
    ["a pair on top, and a bad key", [at("a", "a1"), at("b", "a2"), at("c", "a2"), at("d", "A")]],
  ])("ends with different valid keys in order: %s", (_name, elements) => {
    const fixed = repair(elements, ["b"]);
    const keys = fixed.map(({ index }) => index);
    expect(keys.every(isValidIndex)).toBe(true);
    expect(new Set(keys).size).toBe(elements.length);
    expect([...keys].sort()).toEqual(keys);
  });
});

function winner({ id, version, versionNonce }: Element) {
  return { id, version, versionNonce };
}
