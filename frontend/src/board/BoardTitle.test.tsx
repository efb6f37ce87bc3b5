// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen, waitFor } from "@testing-library/react";
import { afterEach, beforeEach, expect, it } from "vitest";
import { BoardTitle } from "./BoardTitle";

let renamed: string[];
let refusal: string;

const rename = async (title: string) => {
  if (refusal) throw new Error(refusal);
  renamed.push(title);
};

beforeEach(() => {
  renamed = [];
  refusal = "";
});
afterEach(cleanup);

const open = (mayRename = true, phone = false) => render(<BoardTitle title="Plans" mayRename={mayRename} rename={rename} phone={phone} />);
const edit = (text: string) => {
  fireEvent.click(screen.getByRole("button", { name: "Plans" }));
  const field = screen.getByRole("textbox");
  fireEvent.change(field, { target: { value: text } });
  return field;
};

it("is a heading, which only who may rename can press", () => {
  open(false);
  expect(screen.getByRole("heading", { name: "Plans" })).toBeTruthy();
  expect(screen.queryByRole("button")).toBeNull();
});

it("is a heading for screen readers alone on phones", () => {
  open(true, true);
  expect(screen.getByRole("heading", { name: "Plans" }).className).toBe("unseen");
  expect(screen.queryByRole("button")).toBeNull();
});

it("saves with Enter, once", async () => {
  open();
  const field = edit("  Trees ");
  fireEvent.keyDown(field, { key: "Enter" });
  fireEvent.blur(field);
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  expect(renamed.every((each) => each === "Trees") && renamed.length).toBe(1);
});

it("changes nothing with Escape, an empty name or the same one", async () => {
  open();
  fireEvent.keyDown(edit("Trees"), { key: "Escape" });
  fireEvent.keyDown(edit("  "), { key: "Enter" });
  fireEvent.keyDown(edit("Plans"), { key: "Enter" });
  expect(screen.getByRole("button", { name: "Plans" })).toBeTruthy();
  expect(renamed).toEqual([]);
});

it.each([["Enter", "Trees"], ["Enter", "Plans"], ["Escape", "Trees"]])("gives the keyboard back to the title after %s on %s", async (key, text) => {
  open();
  fireEvent.keyDown(edit(text), { key });
  await waitFor(() => expect(document.activeElement).toBe(screen.getByRole("button", { name: "Plans" })));
});

it("leaves the keyboard where it went", async () => {
  render(<button type="button">elsewhere</button>);
  open();
  edit("Trees");
  screen.getByText("elsewhere").focus();
  await waitFor(() => expect(renamed).toEqual(["Trees"]));
  await waitFor(() => expect(screen.queryByRole("textbox")).toBeNull());
  expect(document.activeElement).toBe(screen.getByText("elsewhere"));
});

it("saves on leaving the field, and stays open with the reason of a refusal", async () => {
  open();
  refusal = "The server could not be reached.";
  const field = edit("Trees");
  fireEvent.blur(field);
  expect((await screen.findByRole("alert")).textContent).toBe(refusal);
  refusal = "";
  fireEvent.keyDown(field, { key: "Enter" });
  await waitFor(() => expect(renamed).toEqual(["Trees"]));
});
