/** Downloads a file, from bytes or from a URL of our own origin. */
export function download(from: Blob | string, name: string): void {
  const href = typeof from === "string" ? from : URL.createObjectURL(from);
  Object.assign(document.createElement("a"), { href, download: name }).click();
  if (typeof from !== "string") setTimeout(() => URL.revokeObjectURL(href), 60_000); // slow disks ask late
}
