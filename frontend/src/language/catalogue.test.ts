import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import ts from "typescript";
import served from "../../../tests/shared/served_texts.json";
import german from "./de.json";
import type { Catalogue } from "./t";

const source = join(import.meta.dirname, "..");
const catalogues: Record<string, Catalogue> = { de: german };
const holes = (text: string) => [...text.matchAll(/\{(\w+)\}/g)].map(([, name]) => name!).sort();

interface Call {
  where: string;
  /** null: it is no literal. */
  key: string | null;
  counted: boolean;
  /** Outside every function: it would run before the language is set. */
  early: boolean;
}

function callsIn(name: string): Call[] {
  const file = ts.createSourceFile(name, readFileSync(join(source, name), "utf8"), ts.ScriptTarget.Latest, true, name.endsWith("x") ? ts.ScriptKind.TSX : ts.ScriptKind.TS);
  const calls: Call[] = [];
  const visit = (node: ts.Node, inFunction: boolean): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression) && /^tn?$/.test(node.expression.text)) {
      const counted = node.expression.text === "tn";
      const text = node.arguments[counted ? 2 : 0]!;
      calls.push({ where: `${name}: ${node.getText(file)}`, key: ts.isStringLiteralLike(text) ? text.text : null, counted, early: !inFunction });
    }
    ts.forEachChild(node, (child) => visit(child, inFunction || ts.isFunctionLike(node)));
  };
  visit(file, false);
  return calls;
}

const files = (readdirSync(source, { recursive: true }) as string[]).filter((name) => /\.tsx?$/.test(name) && !/\.test\.|^test\/|^language\//.test(name));
const calls = files.flatMap(callsIn);
const notes = served.notes.map((code) => `note:${code}`);
const counted = new Set([...calls.filter((call) => call.counted).map(({ key }) => key), ...notes]);
/** By code: what the server refuses with, and what it says of an import. */
const codes = [...readFileSync(join(source, "../../docs/errors.md"), "utf8").matchAll(/^\| `(\w+)`/gm)].map(([, code]) => `error:${code}`);
const keys = new Set([...calls.flatMap(({ key }) => key ?? []), ...served.texts]);

it("no text is looked up before the language is set", () => {
  expect(calls.filter(({ early }) => early).map(({ where }) => where)).toEqual([]);
});

it("texts that are no literals are the server's", () => {
  // Each of these is a title, hint or description of tests/shared/served_texts.json.
  expect(calls.filter(({ key }) => key === null).map(({ where }) => where).sort()).toEqual([
    "board/boardCommands.ts: t(title)",
    ...Array<string>(3).fill("generation/Advanced.tsx: t(title)"),
    "generation/GenerateButton.tsx: t(title)",
    "generation/KindChoice.tsx: t(hint)",
    "generation/KindChoice.tsx: t(title)",
    "generation/PictureOrigin.tsx: t(checkpoint.title)",
    "generation/PictureOrigin.tsx: t(kind.title)",
    "generation/PictureOrigin.tsx: t(style.title)",
    "generation/PromptPanel.tsx: t(checkpoint.title)",
    "generation/PromptPanel.tsx: t(firstSentence(checkpoint.description))",
    "generation/StyleRow.tsx: t(style.title)",
    "generation/Unavailable.tsx: t(description)",
    "generation/Unavailable.tsx: t(title)",
  ]);
});

describe.each(Object.entries(catalogues))("%s", (tag, catalogue) => {
  it("translates every text and error, and nothing else", () => {
    const translated = new Set(Object.keys(catalogue));
    const wanted = new Set([...keys, ...codes, ...notes]);
    expect([...wanted].filter((key) => !translated.has(key)), "missing").toEqual([]);
    expect([...translated].filter((key) => !wanted.has(key)), "superfluous").toEqual([]);
  });

  it("fills the same holes", () => {
    for (const [key, translation] of Object.entries(catalogue)) {
      if (/^(error|note):/.test(key)) continue;
      const texts = typeof translation === "string" ? [translation] : Object.values(translation);
      for (const text of texts) {
        const number = counted.has(key) ? ["n"] : [];
        expect([...new Set([...holes(text), ...number])].sort(), key).toEqual([...new Set([...holes(key), ...number])].sort());
      }
    }
  });

  it("has every plural form of what is counted, and none of what is not", () => {
    const forms = new Intl.PluralRules(tag).resolvedOptions().pluralCategories.toSorted();
    for (const [key, translation] of Object.entries(catalogue)) {
      expect(typeof translation === "string" ? null : Object.keys(translation).sort(), key).toEqual(counted.has(key) ? forms : null);
    }
  });
});
