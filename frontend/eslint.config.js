import js from "@eslint/js";
import i18next from "eslint-plugin-i18next";
import hooks from "eslint-plugin-react-hooks";
import ts from "typescript-eslint";

// Which folder may import which: main → board → {canvas, history, staging, live}; canvas implements the ports of the others;
// api, socket and ui are leaves.
// Circles are found by build/circles.js.
const mayImport = {
  api: [],
  socket: [],
  ui: [],
  errors: ["ui"],
  command: ["ui"],
  room: ["socket", "api"],
  generation: ["api", "ui"],
  exchange: ["api", "ui"],
  history: ["api", "ui"],
  staging: ["generation", "api", "ui"],
  live: ["generation", "room", "api", "ui"],
  canvas: ["live", "generation", "exchange", "staging", "room", "api", "ui"],
  board: ["canvas", "command", "live", "generation", "exchange", "history", "staging", "room", "socket", "api", "ui", "errors"],
};
const rooms = Object.keys(mayImport);

const adapterOnly = {
  group: ["@excalidraw/*"],
  message: "Only src/canvas/excalidraw.ts knows Excalidraw, so that a new release is a change of one file.",
};

// Ids, kinds and types are written by anybody who may edit: in a plain object "constructor" is always found.
const foreignName = "/^(id|.*Id|kind|type|fillStyle)$/";
const foreignLookups = {
  selector: ["", ".property"].map((deep) => `MemberExpression[computed=true][property${deep}.name=${foreignName}]`).join(","),
  message: "What others named is looked up in a Map, or after Object.hasOwn.",
};

// What people read goes through t() or tn(); names of keys and formats, and units, are the same in every language.
const spoken = {
  mode: "jsx-only",
  message: "What people read goes through t() or tn() of src/language/t.ts",
  words: { exclude: [/^[^A-Za-z]*$/] },
  callees: { exclude: ["t", "tn", "keyNames", "has"] },
  "should-validate-template": true,
  "jsx-attributes": { include: ["aria-label", "aria-valuetext", "title", "placeholder", "alt", "label", "hint", "name", "text"] },
};
const spokenProperties = {
  selector: ["Literal[value=/[a-z]{2}/]", "TemplateLiteral > TemplateElement[value.raw=/[a-z]{2}/]"]
    .map((text) => `Property[key.name=/^(text|label|title|hint|about|note)$/] > ${text}`).join(", "),
  message: "What people read goes through t() or tn() of src/language/t.ts",
};

const walls = rooms.map((room) => {
  const closed = rooms.filter((other) => other !== room && !mayImport[room].includes(other));
  const wall = {
    group: ["../main", ...closed.map((other) => `../${other}/**`)],
    message: `${room} may import only: ${mayImport[room].join(", ") || "nothing of ours"}.`,
  };
  return {
    files: [`src/${room}/**/*.{ts,tsx}`],
    rules: { "no-restricted-imports": ["error", { patterns: [wall, adapterOnly] }] },
  };
});

export default ts.config(
  { ignores: ["dist", "render/dist", "node_modules", "public"] },
  js.configs.recommended,
  ...ts.configs.recommended,
  {
    files: ["**/*.{ts,tsx}"],
    plugins: { "react-hooks": hooks },
    rules: {
      ...hooks.configs.recommended.rules,
      "@typescript-eslint/no-explicit-any": "error",
      "@typescript-eslint/consistent-type-imports": "error",
      "no-console": "error",
      eqeqeq: "error",
    },
  },
  {
    files: ["src/{board,canvas,generation,exchange,live}/**/*.{ts,tsx}"],
    ignores: ["**/*.test.*"],
    rules: { "no-restricted-syntax": ["error", foreignLookups, spokenProperties] },
  },
  {
    files: ["src/**/*.{ts,tsx}"],
    ignores: ["**/*.test.*", "src/test/**"],
    plugins: { i18next },
    rules: { "i18next/no-literal-string": ["error", spoken] },
  },
  ...walls,
  { files: ["src/canvas/excalidraw.ts"], rules: { "no-restricted-imports": "off" } },
  { files: ["build/*.js", "*.js"], languageOptions: { globals: { console: "readonly", process: "readonly" } } },
);
