import { vi } from "vitest";

/** So long a test waits for what has to come: a busy machine is slow, and one second says nothing about the code. */
const patience_ms = 30_000;

const waitFor = vi.waitFor;
vi.waitFor = (check, options) => waitFor(check, { timeout: patience_ms, ...(typeof options === "number" ? { timeout: options } : options) });
