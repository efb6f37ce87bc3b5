import { afterEach, expect, test } from "vitest";
import { setLanguage, t, tn } from "./t";

afterEach(() => setLanguage("en", {}));

test("English stands in the code, with its values filled in", () => {
  expect(t("{name} is drawing", { name: "Ada" })).toBe("Ada is drawing");
  expect(t("{constructor} {missing}", {})).toBe("{constructor} {missing}");
  expect(tn(1, "{n} picture", "{n} pictures")).toBe("1 picture");
  expect(tn(3, "{n} picture", "{n} pictures")).toBe("3 pictures");
});

test("a translation replaces the text, by plural form where there are several", () => {
  setLanguage("pl", { Share: "Udostępnij", "{n} pictures": { one: "{n} obraz", few: "{n} obrazy", other: "{n} obrazów" } });
  expect(t("Share")).toBe("Udostępnij");
  expect([1, 3, 5].map((n) => tn(n, "{n} picture", "{n} pictures"))).toEqual(["1 obraz", "3 obrazy", "5 obrazów"]);
  expect(t("constructor")).toBe("constructor");
});
