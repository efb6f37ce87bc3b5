import { expect, it } from "vitest";
import { Notices } from "./notices";

it("a message goes when what it says is no longer true", () => {
  const notices = new Notices();
  let frozen = true;
  notices.show({ key: "frozen", text: "Frozen", seconds: null, holds: () => frozen });
  notices.show({ key: "other", text: "Other", seconds: null });
  notices.review();
  expect(notices.list().map(({ key }) => key)).toEqual(["frozen", "other"]);
  frozen = false;
  notices.review();
  expect(notices.list().map(({ key }) => key)).toEqual(["other"]);
});
