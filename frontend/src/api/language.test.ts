import { afterEach, expect, it, vi } from "vitest";
import { setPageLanguage, type ApiError } from "./client";

afterEach(() => vi.unstubAllGlobals());

it("asks for another language as the same person", async () => {
  vi.stubGlobal("document", { cookie: "a=1; csrftoken=secret" });
  const fetcher = vi.fn(async () => new Response(null, { status: 204 }));
  await setPageLanguage("/language", "de", fetcher);
  expect(fetcher).toHaveBeenCalledWith("/language", {
    method: "POST", credentials: "same-origin", headers: { Accept: "application/json", "X-CSRFToken": "secret" }, body: new URLSearchParams({ language: "de" }),
  });
});

it.each([
  ["offline", async () => Promise.reject(new TypeError("Failed to fetch"))],
  ["http_403", async () => new Response(null, { status: 403 })],
])("says why there is none: %s", async (code, fetcher) => {
  vi.stubGlobal("document", { cookie: "" });
  await expect(setPageLanguage("/language", "de", fetcher)).rejects.toSatisfy((error: ApiError) => error.code === code);
});
