import type { Role } from "../room/messages";

/** The JSON in the page's `<script id="board-config">`, written by Django. */
export interface BoardConfig {
  /** welcome: whoever may draw on it may invite others. open: its address is an invitation. */
  board: { id: string; title: string; welcome: boolean; open: boolean };
  you: { id: string; name: string; guest: boolean; role: Role; color?: string };
  /** Path of the websocket. */
  socket: string;
  api: string;
  urls: { boards: string; login: string; signup: string; logout: string; language: string };
  /** Codes of the languages there are, with their own names. */
  languages: [string, string][];
}

export function readConfig(page: Document): BoardConfig {
  const text = page.getElementById("board-config")?.textContent;
  if (!text) throw new Error("This page carries no board-config.");
  return JSON.parse(text) as BoardConfig;
}

export function socketUrl(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
