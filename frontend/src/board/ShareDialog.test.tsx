// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor, within } from "@testing-library/react";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { NewLink, NewShareLink, ShareLink } from "../api/types";
import ShareDialog from "./ShareDialog";

let stored: ShareLink[];
let made: NewLink[];
let copied: string[];
let refusal: string;

function link(id: string, role: ShareLink["role"]): NewShareLink {
  return { id, url: `/join/${id}`, token: id, role, expires_at: null, password: false, created_at: "2026-05-20T10:00:00Z", created_by: { id: "1", name: "Alice", color: "red" }, uses: 0 };
}

const api = {
  links: async () => stored,
  share: async (_: string, asked: NewLink) => {
    if (refusal) throw new Error(refusal);
    made.push(asked);
    return link(`made${made.length}`, asked.role!);
  },
  revoke: async (_: string, id: string) => void (stored = stored.filter((each) => each.id !== id)),
};

beforeEach(() => {
  stored = [];
  made = [];
  copied = [];
  refusal = "";
  vi.stubGlobal("navigator", { ...navigator, clipboard: { writeText: async (text: string) => void copied.push(text) } });
});

afterEach(() => {
  cleanup();
  vi.unstubAllGlobals();
});

const open = (invite = false) => render(<ShareDialog api={api} board="b" you="1" invite={invite} onClose={() => {}} />);
const address = async () => (await screen.findByTestId<HTMLInputElement>("share-url")).value;

it("offers the link that is there, and makes one only where there is none", async () => {
  stored = [link("there", "edit")];
  open();
  expect(await address()).toMatch(/\/join\/there$/);
  fireEvent.click(screen.getByRole("radio", { name: "Can view" }));
  fireEvent.click(screen.getByRole("button", { name: "Create link" }));
  expect(await address()).toMatch(/\/join\/made1$/);
  fireEvent.click(screen.getByRole("radio", { name: "Can draw" }));
  expect(await address()).toMatch(/\/join\/there$/);
  expect(made).toEqual([{ role: "view" }]);
  expect(screen.getAllByTestId("share-link")).toHaveLength(2);
});

it("revokes a link, which is then offered no more", async () => {
  stored = [link("there", "edit")];
  open();
  fireEvent.click(within(await screen.findByTestId("share-link")).getByRole("button"));
  await waitFor(() => expect(screen.queryByTestId("share-link")).toBeNull());
  expect(stored).toEqual([]);
  expect(screen.queryByTestId("share-url")).toBeNull();
  expect(screen.getByRole("button", { name: "Create link" })).toBeTruthy();
});

it("invites with a link that is copied, made once", async () => {
  open(true);
  expect(await screen.findByText(/The link is copied/)).toBeTruthy();
  expect(copied).toEqual([new URL("/join/made1", location.href).href]);
  cleanup();
  stored = [link("there", "edit")];
  open(true);
  await waitFor(() => expect(copied.at(-1)).toMatch(/there$/));
  expect(made).toHaveLength(1);
});

it("says why no link was made", async () => {
  refusal = "The server could not be reached.";
  open();
  fireEvent.click(await screen.findByRole("button", { name: "Create link" }));
  expect((await screen.findByRole("alert")).textContent).toBe(refusal);
});
