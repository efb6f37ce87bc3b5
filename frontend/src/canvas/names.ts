import { t } from "../language/t";

type Change = (element: Element) => void;

const named = (name: string): Change => (element) => {
  element.removeAttribute("aria-labelledby");
  element.setAttribute("aria-label", name);
};
/** The words that are seen are the name; what was said instead is in the title. */
const asSeen: Change = (element) => element.removeAttribute("aria-label");

/** Excalidraw's translations lack this one. */
const search: Change = (element) => {
  asSeen(element);
  element.setAttribute("title", t("Find on the board"));
  const text = element.querySelector(".dropdown-menu-item__text");
  if (text) text.textContent = t("Find on the board");
};

/** Ctrl+K opens the command palette here. */
const withoutLinkKey: Change = (element) => element.setAttribute("title", element.getAttribute("title")!.replace(/ - \S+K$/, ""));
const ownKeys: Change = (row) => {
  row.setAttribute("data-seen", "");
  const keys = [...row.querySelectorAll("kbd")].map((key) => key.textContent).join("+");
  if (/^(Ctrl|Cmd)\+K$/.test(keys)) row.firstElementChild!.textContent = t("Command palette");
};

/** What Excalidraw gives no name, or another than it shows. Each selector matches until the change is made. */
function changes(): readonly (readonly [string, Change])[] {
  return [
    [".main-menu-trigger:not([aria-label])", named(t("Menu"))],
    [".color-picker-container:not([aria-label])", named(t("Colour"))],
    [".HelpDialog:not([aria-label])", named(t("Help"))],
    [".reset-zoom-button[aria-label]", asSeen],
    ['[data-testid="search-menu-button"][aria-label]', search],
    ['.excalidraw button[title$="+K"]', withoutLinkKey],
    [".HelpDialog__shortcut:not([data-seen])", ownKeys],
  ];
}

/** Names Excalidraw's controls for screen readers, as they come and go; returns a function that stops it. */
export function nameControls(): () => void {
  const list = changes();
  const look = () => {
    for (const [selector, change] of list) document.querySelectorAll(selector).forEach(change);
  };
  look();
  const observer = new MutationObserver(look); // its menus and dialogs hang on the body
  observer.observe(document.body, { childList: true, subtree: true });
  return () => observer.disconnect();
}
