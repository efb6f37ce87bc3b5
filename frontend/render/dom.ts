/**
 * The part of the DOM that Excalidraw's export code uses: elements can be built, searched and written as XML.
 *
 * No drawing, no glyph metrics, no network: the engine that runs this has none.
 */
import { widthOf } from "./helvetica";

// Characters that XML forbids: most control characters, lone surrogates, two non-characters. One of them makes the whole
// picture unreadable.
const unwritable =
  // eslint-disable-next-line no-control-regex
  /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;
const escapes: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };

function escaped(text: string): string {
  return text.replace(unwritable, "\ufffd").replace(/[&<>"]/g, (character) => escapes[character]!);
}

export abstract class PageNode {
  parentNode: PageElement | null = null;
  abstract write(out: string[]): void;
  abstract get textContent(): string;

  get parentElement(): PageElement | null {
    return this.parentNode;
  }

  remove(): void {
    const siblings = this.parentNode?.childNodes;
    if (siblings) siblings.splice(siblings.indexOf(this), 1);
    this.parentNode = null;
  }
}

class PageText extends PageNode {
  constructor(readonly data: string) {
    super();
  }

  get textContent(): string {
    return this.data;
  }

  write(out: string[]): void {
    out.push(escaped(this.data));
  }
}

class PageComment extends PageText {
  override write(out: string[]): void {
    out.push(`<!--${escaped(this.data).replaceAll("--", "- -")}-->`);
  }
}

export class PageElement extends PageNode {
  childNodes: PageNode[] = [];
  readonly style: Record<string, string> = {};
  readonly classList = new Set<string>();
  readonly dataset: Record<string, string> = {};
  private readonly attributes = new Map<string, string>();

  constructor(
    readonly tagName: string,
    readonly ownerDocument: PageDocument,
  ) {
    super();
  }

  get nodeName(): string {
    return this.tagName;
  }

  get id(): string {
    return this.attributes.get("id") ?? "";
  }

  set id(value: string) {
    this.setAttribute("id", value);
  }

  get firstChild(): PageNode | null {
    return this.childNodes[0] ?? null;
  }

  get lastChild(): PageNode | null {
    return this.childNodes.at(-1) ?? null;
  }

  get children(): PageElement[] {
    return this.childNodes.filter((node) => node instanceof PageElement);
  }

  get textContent(): string {
    return this.childNodes.map((node) => node.textContent).join("");
  }

  set textContent(text: string) {
    this.childNodes = [];
    this.append(String(text));
  }

  get outerHTML(): string {
    const out: string[] = [];
    this.write(out);
    return out.join("");
  }

  setAttribute(name: string, value: unknown): void {
    this.attributes.set(name, String(value));
  }

  setAttributeNS(_namespace: string | null, name: string, value: unknown): void {
    this.setAttribute(name, value);
  }

  getAttribute(name: string): string | null {
    return this.attributes.get(name) ?? null;
  }

  hasAttribute(name: string): boolean {
    return this.attributes.has(name);
  }

  removeAttribute(name: string): void {
    this.attributes.delete(name);
  }

  appendChild<N extends PageNode>(node: N): N {
    node.remove();
    node.parentNode = this;
    this.childNodes.push(node);
    return node;
  }

  append(...nodes: (PageNode | string)[]): void {
    for (const node of nodes) this.appendChild(typeof node === "string" ? new PageText(node) : node);
  }

  prepend(...nodes: PageNode[]): void {
    for (const node of nodes) {
      node.remove();
      node.parentNode = this;
    }
    this.childNodes.unshift(...nodes);
  }

  removeChild<N extends PageNode>(node: N): N {
    node.remove();
    return node;
  }

  /** Finds `#id` or a tag; other selectors are not used. Ids are compared literally. */
  querySelector(selector: string): PageElement | null {
    const id = selector.startsWith("#") ? selector.slice(1) : null;
    // No recursion: a scene may be nested deeply on purpose.
    const waiting: PageElement[] = [this];
    for (let at = waiting.pop(); at; at = waiting.pop()) {
      const children = at.children;
      const found = children.find((child) => (id === null ? child.tagName === selector : child.id === id));
      if (found) return found;
      waiting.push(...children.reverse());
    }
    return null;
  }

  addEventListener(): void {}
  removeEventListener(): void {}

  write(out: string[]): void {
    out.push(`<${this.tagName}`);
    for (const [name, value] of this.attributes) out.push(` ${name}="${escaped(value)}"`);
    const style = Object.entries(this.style).map(([name, value]) => `${dashed(name)}:${value}`);
    if (style.length && !this.hasAttribute("style")) out.push(` style="${escaped(style.join(";"))}"`);
    if (this.classList.size) out.push(` class="${escaped([...this.classList].join(" "))}"`);
    out.push(">");
    for (const node of this.childNodes) node.write(out);
    out.push(`</${this.tagName}>`);
  }
}

function dashed(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** A canvas that can only measure text; used for the names of frames. */
class PageCanvas extends PageElement {
  getContext(): object {
    const context = { font: "", filter: "none", measureText: (text: string) => ({ width: widthOf(text, context.font) }) };
    return context;
  }
}

class PageDocument {
  readonly documentElement = new PageElement("html", this);
  readonly head = this.documentElement.appendChild(new PageElement("head", this));
  readonly body = this.documentElement.appendChild(new PageElement("body", this));
  readonly fonts = { has: () => true, check: () => true, load: () => Promise.resolve([]), add: () => undefined };
  readonly readyState = "complete";
  readonly cookie = "";

  createElement(tag: string): PageElement {
    return tag === "canvas" ? new PageCanvas(tag, this) : new PageElement(tag, this);
  }

  createElementNS(_namespace: string, tag: string): PageElement {
    return this.createElement(tag);
  }

  createTextNode(text: string): PageNode {
    return new PageText(text);
  }

  createComment(text: string): PageNode {
    return new PageComment(text);
  }

  addEventListener(): void {}
  removeEventListener(): void {}
}

export const page = new PageDocument();
