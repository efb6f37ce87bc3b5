// @vitest-environment happy-dom
import { cleanup, fireEvent, render, screen } from "@testing-library/react";
import { useState } from "react";
import { afterEach, expect, it } from "vitest";
import { RadioGroup } from "./RadioGroup";

function Fruit({ first }: { first: string | null }) {
  const [value, setValue] = useState<string | null>(first);
  return <RadioGroup<string | null> label="Fruit" value={value} onChoose={setValue} options={["apple", "pear", "plum"].map((each) => ({ value: each, content: each }))} />;
}

const tabStops = () => screen.getAllByRole("radio").filter(({ tabIndex }) => tabIndex === 0).map(({ textContent }) => textContent);
const press = (key: string, more: object = {}) => fireEvent.keyDown(document.activeElement!, { key, ...more });

afterEach(cleanup);

it("has one stop for Tab: what is chosen, else the first", () => {
  render(<Fruit first="pear" />);
  expect(tabStops()).toEqual(["pear"]);
  cleanup();
  render(<Fruit first={null} />);
  expect(tabStops()).toEqual(["apple"]);
});

it("is walked through with the arrows, round and round, and with Home and End", () => {
  render(<Fruit first="pear" />);
  screen.getByText("pear").focus();
  for (const [key, chosen] of [["ArrowRight", "plum"], ["ArrowDown", "apple"], ["ArrowLeft", "plum"], ["ArrowUp", "pear"], ["Home", "apple"], ["End", "plum"]] as const) {
    press(key);
    expect(document.activeElement?.textContent).toBe(chosen);
    expect(screen.getByText(chosen).getAttribute("aria-checked")).toBe("true");
    expect(tabStops()).toEqual([chosen]);
  }
});

it("leaves other keys, and arrows with a modifier, to others", () => {
  render(<Fruit first="pear" />);
  screen.getByText("pear").focus();
  expect(press("Enter")).toBe(true);
  expect(press("ArrowRight", { altKey: true })).toBe(true);
  expect(screen.getByText("pear").getAttribute("aria-checked")).toBe("true");
});

it("goes forward with the left arrow where text runs from right to left", () => {
  render(<div style={{ direction: "rtl" }}><Fruit first="apple" /></div>);
  screen.getByRole("radiogroup").style.direction = "rtl";
  screen.getByText("apple").focus();
  press("ArrowLeft");
  expect(document.activeElement?.textContent).toBe("pear");
});
