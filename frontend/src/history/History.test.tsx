// @vitest-environment happy-dom
import { act, cleanup, fireEvent, render, screen, within } from "@testing-library/react";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { Version } from "../api/versions";
import { Notices } from "../ui/notices";
import History from "./History";

function version(id: string, fields: Partial<Version> = {}): Version {
  return { id, clock: 1, name: "", automatic: true, created_by: null, created_at: "2026-05-20T10:00:00Z", people: [], before_restore_of: null, ...fields };
}

const draft = version("draft", { name: "Draft", automatic: false, people: [{ id: "1", name: "Alice", color: "red" }, { id: "2", name: "Bob", color: "blue" }] });
const older = version("older", { created_at: "2026-05-19T10:00:00Z" });
const before = version("before", { before_restore_of: "draft" });

/** The server at its door: answers by path, and what was asked of it. */
let answers: Record<string, () => { status?: number; body: unknown }>;
let asked: { method: string; path: string; body: unknown; key: string | null }[];
let canvas: HTMLElement;
let notices: Notices;
let closed: number;

const settle = () => act(async () => void (await vi.advanceTimersByTimeAsync(5)));

beforeEach(() => {
  vi.useFakeTimers();
  asked = [];
  answers = {
    "GET /boards/b/versions?limit=30": () => ({ body: { items: [draft, older], next: null } }),
    "GET /boards/b/versions/draft/scene?pictures=linked": () => ({ body: { elements: [{ id: "e" }], files: {} } }),
    "GET /boards/b/versions/older/scene?pictures=linked": () => ({ body: { elements: [], files: {} } }),
    "POST /boards/b/versions/draft/restore": () => ({ body: { clock: 9, changed: 3, elements: ["x", "y", "z"], before } }),
    "POST /boards/b/versions/before/restore": () => ({ body: { clock: 10, changed: 3, elements: ["x", "y", "z"], before: draft } }),
    "POST /boards/b/versions": () => ({ status: 201, body: draft }),
    "PATCH /boards/b/versions/older": () => ({ body: older }),
  };
  vi.stubGlobal("fetch", async (path: string, { method, body, headers }: RequestInit) => {
    const sent = new Headers(headers);
    asked.push({ method: method!, path, body: body ? JSON.parse(body as string) : null, key: sent.get("Idempotency-Key") });
    const answer = answers[`${method} ${path}`]?.() ?? { status: 404, body: { code: "not_found", detail: "There is no such version." } };
    return new Response(JSON.stringify(answer.body), { status: answer.status ?? 200 });
  });
  canvas = document.body.appendChild(document.createElement("main"));
  canvas.innerHTML = '<div class="excalidraw"></div>';
  notices = new Notices();
  closed = 0;
});

afterEach(() => {
  cleanup();
  canvas.remove();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

async function open(mayEdit = true) {
  render(
    <History base="" board="b" mayEdit={mayEdit} notices={notices} canvas={canvas} draw={(scene) => <p data-testid="drawn">{scene.elements.length}</p>} showAsEdit={(request) => request()} onClose={() => closed++} />,
  );
  await settle();
}

const choose = async (name: RegExp) => {
  fireEvent.click(screen.getByRole("button", { name }));
  await settle();
};

describe("the history", () => {
  it("lists the versions by day, with names and people", async () => {
    await open();
    expect(document.activeElement?.textContent).toBe("History");
    const rows = screen.getAllByTestId("version");
    expect(rows).toHaveLength(2);
    expect(rows[0]!.textContent).toContain("Draft");
    expect(rows[0]!.textContent).toContain("Alice, Bob");
    expect(rows[0]!.querySelector("img")!.getAttribute("src")).toBe("/boards/b/versions/draft/thumbnail.png");
    expect(screen.getAllByRole("heading", { level: 3 })).toHaveLength(2);
  });

  it("says what to do when the list cannot be had", async () => {
    answers["GET /boards/b/versions?limit=30"] = () => ({ status: 503, body: { detail: "Too much is going on." } });
    await open();
    expect(screen.getByRole("alert").textContent).toContain("Too much is going on.");
    answers["GET /boards/b/versions?limit=30"] = () => ({ body: { items: [draft], next: null } });
    fireEvent.click(screen.getByRole("button", { name: "Try again" }));
    await settle();
    expect(screen.getAllByTestId("version")).toHaveLength(1);
    expect(screen.queryByRole("alert")).toBeNull();
  });

  it("lays the chosen version over the canvas, which then takes no focus and no key", async () => {
    await open();
    await choose(/^Draft/);
    const preview = within(canvas).getByTestId("version-preview");
    expect(within(preview).getByTestId("drawn").textContent).toBe("1");
    expect(within(preview).getByRole("status").textContent).toContain("You are viewing “Draft”");
    expect(canvas.querySelector(".excalidraw")!.hasAttribute("inert")).toBe(true);
    const below = vi.fn();
    document.addEventListener("keydown", below);
    fireEvent.keyDown(document.body, { key: "Delete" });
    expect(below).not.toHaveBeenCalled();
    fireEvent.keyDown(document.body, { key: "Escape" });
    expect(screen.queryByTestId("version-preview")).toBeNull();
    expect(canvas.querySelector(".excalidraw")!.hasAttribute("inert")).toBe(false);
    fireEvent.keyDown(document.body, { key: "Delete" });
    expect(below).toHaveBeenCalledOnce();
    document.removeEventListener("keydown", below);
    expect(closed).toBe(0);
  });

  it("restores with one click, and takes it back with another", async () => {
    await open();
    await choose(/^Draft/);
    fireEvent.click(screen.getByTestId("restore"));
    await settle();
    expect(screen.queryByTestId("version-preview")).toBeNull();
    const [notice] = notices.list();
    expect(notice!.text).toMatch(/“Draft”.*3 elements changed/);
    notice!.action!.run();
    await settle();
    const restores = asked.filter(({ path }) => path.endsWith("/restore"));
    expect(restores.map(({ path }) => path)).toEqual(["/boards/b/versions/draft/restore", "/boards/b/versions/before/restore"]);
    expect(new Set(restores.map(({ key }) => key)).size).toBe(2);
    expect(notices.list()[0]!.text).toContain("Undone");
  });

  it("offers no undo where nothing changed", async () => {
    answers["POST /boards/b/versions/draft/restore"] = () => ({ body: { clock: 9, changed: 0, before: null } });
    await open();
    await choose(/^Draft/);
    fireEvent.click(screen.getByTestId("restore"));
    await settle();
    expect(notices.list()[0]!.text).toContain("already");
    expect(notices.list()[0]!.action).toBeUndefined();
  });

  it("says why a version cannot be shown or restored, and stays usable", async () => {
    delete answers["GET /boards/b/versions/older/scene?pictures=linked"];
    answers["POST /boards/b/versions/draft/restore"] = () => ({ status: 423, body: { code: "frozen", detail: "A moderator froze this board." } });
    await open();
    await act(async () => void fireEvent.click(screen.getAllByTestId("version")[1]!.querySelector("button")!));
    await settle();
    expect(screen.getByTestId("version-preview").textContent).toContain("There is no such version.");
    expect(screen.queryByTestId("restore")).toBeNull();
    await choose(/^Draft/);
    fireEvent.click(screen.getByTestId("restore"));
    await settle();
    expect(notices.list()[0]).toMatchObject({ tone: "problem", text: "A moderator froze this board." });
    expect(screen.getByTestId<HTMLButtonElement>("restore").disabled).toBe(false);
  });

  it("shows the answer to the last choice, whatever comes late", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: /^Draft/ }));
    fireEvent.click(screen.getAllByTestId("version")[1]!.querySelector("button")!);
    await settle();
    expect(screen.getByTestId("drawn").textContent).toBe("0");
  });

  it("names the board as it is, and a version of before", async () => {
    await open();
    fireEvent.click(screen.getByRole("button", { name: "Name this version" }));
    fireEvent.change(screen.getByLabelText("Name of this version"), { target: { value: "  Final " } });
    await act(async () => void fireEvent.click(screen.getByRole("button", { name: "Save" })));
    await settle();
    expect(asked.at(-2)).toMatchObject({ method: "POST", path: "/boards/b/versions", body: { name: "Final" } });
    fireEvent.click(screen.getByRole("button", { name: /^Name the version of/ }));
    fireEvent.change(screen.getByLabelText("Name of this version"), { target: { value: "Start" } });
    await act(async () => void fireEvent.click(screen.getByRole("button", { name: "Save" })));
    await settle();
    expect(asked.at(-2)).toMatchObject({ method: "PATCH", path: "/boards/b/versions/older", body: { name: "Start" } });
    expect(screen.queryByLabelText("Name of this version")).toBeNull();
  });

  it("names the version that is looked at", async () => {
    answers["PATCH /boards/b/versions/draft"] = () => ({ body: { ...draft, name: "Final" } });
    await open();
    await choose(/^Draft/);
    fireEvent.click(screen.getByRole("button", { name: "Rename this version" }));
    expect(screen.getByLabelText<HTMLInputElement>("Name of this version").value).toBe("Draft");
    fireEvent.change(screen.getByLabelText("Name of this version"), { target: { value: "Final" } });
    await act(async () => void fireEvent.click(screen.getByRole("button", { name: "Save" })));
    await settle();
    expect(screen.getByTestId("version-preview").textContent).toContain("“Final”");
    expect(asked.filter(({ path }) => path.includes("/scene"))).toHaveLength(1);
  });

  it("lets those who only look look", async () => {
    await open(false);
    await choose(/^Draft/);
    expect(screen.getByTestId("drawn")).toBeTruthy();
    expect(screen.queryByTestId("restore")).toBeNull();
    expect(screen.queryByRole("button", { name: /ame/ })).toBeNull();
  });

  it("is walked through with the arrow keys, and left with Escape", async () => {
    await open();
    const [first, second] = screen.getAllByTestId("version").map((row) => row.querySelector("button")!);
    fireEvent.keyDown(document.activeElement!, { key: "ArrowDown" });
    expect(document.activeElement).toBe(first);
    fireEvent.keyDown(first!, { key: "ArrowDown" });
    expect(document.activeElement).toBe(second);
    fireEvent.keyDown(second!, { key: "ArrowUp" });
    expect(document.activeElement).toBe(first);
    fireEvent.keyDown(first!, { key: "Escape" });
    expect(closed).toBe(1);
  });
});
