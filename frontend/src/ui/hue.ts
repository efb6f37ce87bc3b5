/** The colour of a person's cursor as Excalidraw chooses it, so that avatars match: one of 37 hues from the id. */
export function cursorColor(id: string): string {
  let hash = 0;
  for (let at = 0; at < id.length; at++) hash = (hash << 5) - hash + id.charCodeAt(at);
  return `hsl(${(Math.abs(hash) % 37) * 10}, 100%, 83%)`;
}

export function initial(name: string): string {
  const first = name.trim().codePointAt(0);
  return first === undefined ? "?" : String.fromCodePoint(first).toUpperCase();
}
