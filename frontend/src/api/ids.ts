/** Names made here. Written without crypto.subtle and randomUUID where a page over plain http has neither. */

export function uuid(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6]! & 0x0f) | 0x40;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const digits = hex(bytes);
  return [digits.slice(0, 8), digits.slice(8, 12), digits.slice(12, 16), digits.slice(16, 20), digits.slice(20)].join("-");
}

/** SHA-256 of the bytes in hex; without a secure context a random name of the same shape (one id, one content still holds). */
export async function contentId(bytes: ArrayBuffer): Promise<string> {
  if (!globalThis.crypto.subtle) return hex(crypto.getRandomValues(new Uint8Array(32)));
  return hex(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)));
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
