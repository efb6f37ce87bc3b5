import { t } from "../language/t";

/** True where Cmd does what Ctrl does elsewhere. */
export const isMac = typeof navigator !== "undefined" && /Mac|iPhone|iPad|iPod/.test(navigator.platform);

const mac_names = new Map([["Ctrl", "⌘"], ["Shift", "⇧"], ["Alt", "⌥"], ["Delete", "⌫"]]);
const names = () => new Map([["Ctrl", t("Ctrl")], ["Shift", t("Shift")], ["Delete", t("Del")]]);

/** Keys as they are called on this computer. keys: as "Ctrl+Shift+Z". */
export function keyNames(keys: string, mac = isMac): string {
  const called = mac ? mac_names : names();
  return keys.split("+").map((key) => called.get(key) ?? key).join(mac ? "" : "+");
}
