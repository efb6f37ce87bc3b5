import { describe, expect, it } from "vitest";
import type { ShareLink } from "../api/types";
import { isPlain, linkInWords } from "./linkInWords";

const alice = { id: "1", name: "Alice", color: "red" };

function link(fields: Partial<ShareLink> = {}): ShareLink {
  return { id: "l", url: "/join/x", token: "x", role: "edit", expires_at: null, password: false, created_at: "2026-05-20T10:00:00Z", created_by: alice, uses: 0, ...fields };
}

describe("the link that is offered again", () => {
  it("is one of the role, without a password or an end, whose address is known", () => {
    expect(isPlain(link(), "edit")).toBe(true);
    expect(isPlain(link(), "view")).toBe(false);
    for (const other of [{ password: true }, { expires_at: "2026-06-01T00:00:00Z" }, { url: null }]) expect(isPlain(link(other), "edit")).toBe(false);
  });
});

describe("a link in words", () => {
  it("names who made it unless that was you", () => {
    expect(linkInWords(link(), "1")).not.toContain("Alice");
    expect(linkInWords(link(), "2")).toContain("by Alice");
    expect(linkInWords(link({ created_by: null }), "2")).toMatch(/^made /);
  });

  it("counts who came by it", () => {
    expect(linkInWords(link(), "1")).toContain("nobody joined yet");
    expect(linkInWords(link({ uses: 1 }), "1")).toContain("1 person joined");
    expect(linkInWords(link({ uses: 3 }), "1")).toContain("3 people joined");
  });

  it("says when it ends and that it asks for a password", () => {
    const words = linkInWords(link({ expires_at: "2026-06-01T12:00:00Z", password: true }), "1");
    expect(words).toContain("ends ");
    expect(words).toContain("with a password");
  });
});
