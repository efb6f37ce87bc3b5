import { errorText, t } from "../language/t";
import type { Checkpoint, FieldError, Imported, Job, NewLink, NewShareLink, Params, Problem, Region, Schemas, ShareLink, UploadedFile } from "./types";

/** An answer that is not 2xx (RFC 9457), or no answer at all (status 0). */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly fields: FieldError[] = [],
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether the same request may succeed later. */
  get retryable(): boolean {
    return this.status === 0 || this.status === 429 || this.status >= 500;
  }
}

export interface JobRequest {
  params: Params;
  /** Frame or picture; the region says where it lies in case the server has not received it yet. */
  frame?: string;
  region: Region;
  snapshot?: Blob;
  /** White where the picture is repainted. */
  mask?: Blob;
  /** What is in view, where pictures are put if there is room. */
  view?: Region;
  /** stage: for a choice; then accepted_placement says where the chosen one goes. */
  placement?: NonNullable<Schemas["BoardJobForm"]["placement"]>;
  accepted_placement?: NonNullable<Schemas["BoardJobForm"]["accepted_placement"]>;
}

export type Hearing = Schemas["Hearing"];

export interface Api {
  checkpoints(): Promise<Checkpoint[]>;
  /** What a checkpoint hears of a prompt with the words of a style after it. */
  hear(checkpoint: string, said: { prompt: string; negative_prompt: string; style: string | null }): Promise<Hearing>;
  /** key: one per press of the button, so that a repeated request makes one job. */
  generate(board: string, request: JobRequest, key: string): Promise<Job>;
  job(job: string): Promise<Job>;
  cancel(job: string): Promise<Job>;
  /** All that this person still waits for on the board. */
  cancelMine(board: string): Promise<Job[]>;
  runNext(job: string): Promise<Job>;
  retry(job: string, key: string): Promise<Job>;
  /** A picture of a draft again, with all its steps. */
  finish(job: string, image: string, key: string): Promise<Job>;
  /** fileId: the name to go by; null: that of what is stored. */
  upload(board: string, fileId: string | null, bytes: Blob): Promise<UploadedFile>;
  importFile(board: string, file: File, how: "merge" | "copy"): Promise<Imported>;
  share(board: string, link: NewLink): Promise<NewShareLink>;
  /** Those that are valid, newest first. */
  links(board: string): Promise<ShareLink[]>;
  revoke(board: string, link: string): Promise<unknown>;
  createBoard(): Promise<Schemas["BoardDescription"]>;
  trashBoard(board: string): Promise<unknown>;
  rename(name: string): Promise<void>;
  renameBoard(board: string, title: string): Promise<unknown>;
  paintBoard(board: string, background: string): Promise<unknown>;
}

export type Call = <T>(method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<T>;

/** Requests below `base`; each rejects with an ApiError. */
export function createCall(base: string, fetcher: typeof fetch = (...args) => fetch(...args)): Call {
  return async <T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> => {
    const form = body instanceof FormData;
    const sent = await fetcher(base + path, {
      method,
      credentials: "same-origin",
      headers: {
        Accept: "application/json",
        ...(method === "GET" ? {} : { "X-CSRFToken": csrfToken() }),
        ...(body === undefined || form ? {} : { "Content-Type": "application/json" }),
        ...headers,
      },
      body: body === undefined ? undefined : form ? body : JSON.stringify(body),
    }).catch(() => {
      throw unreached();
    });
    const answer: unknown = await sent.json().catch(() => null);
    if (!sent.ok) throw problem(sent, answer);
    return answer as T;
  };
}

export function createApi(base: string, fetcher?: typeof fetch): Api {
  const call = createCall(base, fetcher);
  return {
    checkpoints: async () => (await call<Schemas["CheckpointPage"]>("GET", "/checkpoints")).items,
    hear: (checkpoint, said) => call("POST", `/checkpoints/${encodeURIComponent(checkpoint)}/hearing`, said),
    generate: (board, request, key) =>
      call("POST", `/boards/${board}/jobs`, jobForm(request), { "Idempotency-Key": key }),
    job: (job) => call("GET", `/jobs/${job}`),
    cancel: (job) => call("POST", `/jobs/${job}/cancel`),
    cancelMine: async (board) => (await call<Schemas["JobList"]>("POST", `/boards/${board}/jobs/cancel`)).items,
    runNext: (job) => call("POST", `/jobs/${job}/run-next`),
    retry: (job, key) => call("POST", `/jobs/${job}/retry`, undefined, { "Idempotency-Key": key }),
    finish: (job, image, key) => call("POST", `/jobs/${job}/images/${image}/finish`, undefined, { "Idempotency-Key": key }),
    upload: (board, fileId, bytes) => {
      const form = new FormData();
      if (fileId) form.set("file_id", fileId);
      form.set("file", bytes, "picture");
      return call("POST", `/boards/${board}/files`, form);
    },
    importFile: (board, file, how) => {
      const form = new FormData();
      form.set("file", file, file.name);
      return call("POST", `/boards/${board}/import?as=${how}`, form);
    },
    share: (board, link) => call("POST", `/boards/${board}/links`, link),
    links: async (board) => (await call<Schemas["LinkPage"]>("GET", `/boards/${board}/links`)).items,
    revoke: (board, link) => call("DELETE", `/boards/${board}/links/${link}`),
    createBoard: () => call("POST", "/boards", {}),
    trashBoard: (board) => call("DELETE", `/boards/${board}`),
    rename: (name) => call("PATCH", "/me", { name }),
    renameBoard: (board, title) => call("PATCH", `/boards/${board}`, { title }),
    paintBoard: (board, background) => call("PATCH", `/boards/${board}`, { background }),
  };
}

function jobForm({ params, frame, region, view, snapshot, mask, placement, accepted_placement }: JobRequest): FormData {
  const form = new FormData();
  form.set("params", JSON.stringify(params));
  if (frame) form.set("frame", frame);
  form.set("region", JSON.stringify(region));
  if (view) form.set("view", JSON.stringify(view));
  if (placement) form.set("placement", placement);
  if (accepted_placement) form.set("accepted_placement", accepted_placement);
  if (snapshot) form.set("snapshot", snapshot, snapshot.type === "image/webp" ? "snapshot.webp" : "snapshot.png");
  if (mask) form.set("mask", mask, "mask.png");
  return form;
}

function problem(response: Response, body: unknown): ApiError {
  const known = (body ?? {}) as Partial<Problem>;
  const message = known.detail || known.title || t("The server answered {status}.", { status: response.status });
  return new ApiError(response.status, known.code ?? `http_${response.status}`, errorText(known.code, message), known.errors ?? []);
}

/** Sets the language of the pages of this browser. address: Django's set_language. Rejects with an ApiError. */
export async function setPageLanguage(address: string, language: string, fetcher: typeof fetch = (...args) => fetch(...args)): Promise<void> {
  const headers = { Accept: "application/json", "X-CSRFToken": csrfToken() };
  const sent = await fetcher(address, { method: "POST", credentials: "same-origin", headers, body: new URLSearchParams({ language }) }).catch(() => {
    throw unreached();
  });
  if (!sent.ok) throw problem(sent, null);
}

function unreached(): ApiError {
  return new ApiError(0, "offline", t("The server could not be reached. Check the connection and try again."));
}

function csrfToken(): string {
  return /(?:^|; )csrftoken=([^;]*)/.exec(document.cookie)?.[1] ?? "";
}
