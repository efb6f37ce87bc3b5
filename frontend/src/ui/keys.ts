/** True where Cmd does what Ctrl does elsewhere. */
export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad|iPod/.test(navigator.platform);

const mac_names = new Map([["Ctrl", "⌘"], ["Shift", "⇧"], ["Alt", "⌥"], ["Delete", "⌫"]]);

/** Keys as they are called on this computer. keys: as "Ctrl+Shift+Z". */
export function keyNames(keys: string, mac = isMac): string {
  return mac ? keys.split("+").map((key) => mac_names.get(key) ?? key).join("") : keys;
}
