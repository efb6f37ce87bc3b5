// Writes the types of the socket's messages, src/room/messages.ts, from the schemas in docs/asyncapi.json.
// `node build/socketTypes.js --check` writes nothing and fails when the file is stale.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { URL } from "node:url";
import openapiTS, { astToString } from "openapi-typescript";
import ts from "typescript";

const source = new URL("../../docs/asyncapi.json", import.meta.url);
const target = new URL("../src/room/messages.ts", import.meta.url);

const header = `/** The messages of the socket board.v1. Written by \`make schemas\` from the structs in boards/wire: change those. */

import type { BoardFile, Job, Params } from "../api/types";
import type { WireElement } from "./protocol";
`;

/** What the page calls objects that it has a type of already. */
const pageTypes = { JobDescription: "Job", FileDescription: "BoardFile", ParamsDescription: "Params", WireElement: "WireElement" };

/** The schema without what would only become a comment on each field. */
function plain(schema) {
  if (Array.isArray(schema)) return schema.map(plain);
  if (typeof schema !== "object" || schema === null) return schema;
  if (Array.isArray(schema.enum)) return { anyOf: schema.enum.map((value) => ({ const: value })) };
  const kept = Object.entries(schema).filter(([key, value]) => key !== "default" && !(key === "description" && typeof value === "string"));
  return Object.fromEntries(kept.map(([key, value]) => [key, plain(value)]));
}

/** The members of the interface `schemas` that openapi-typescript makes of them: one for each schema. */
async function membersOf(schemas) {
  const document = { openapi: "3.1.0", info: { title: "", version: "" }, paths: {}, components: { schemas: plain(schemas) } };
  const transform = (schema) => {
    const name = pageTypes[schema["x-http-type"]];
    return name && ts.factory.createTypeReferenceNode(name);
  };
  const nodes = await openapiTS(document, { transform, defaultNonNullable: false });
  const components = nodes.find((node) => node.name?.text === "components");
  return components.members.find((member) => member.name.text === "schemas").type.members;
}

function declarationOf({ name, type }) {
  const { factory } = ts;
  const modifiers = [factory.createModifier(ts.SyntaxKind.ExportKeyword)];
  return ts.isTypeLiteralNode(type)
    ? factory.createInterfaceDeclaration(modifiers, name.text, undefined, undefined, type.members)
    : factory.createTypeAliasDeclaration(modifiers, name.text, undefined, type);
}

async function textOf(schemas) {
  const members = await membersOf(schemas);
  const declarations = members
    .filter((member) => !(member.name.text in pageTypes))
    .map((member) => {
      const description = schemas[member.name.text].description;
      const comment = description ? `/** ${description} */\n` : "";
      const code = astToString(declarationOf(member)).replaceAll(/components\["schemas"\]\["(\w+)"\]/g, (_, name) => pageTypes[name] ?? name);
      return comment + code.replaceAll(/^( +)/gm, (indent) => " ".repeat(indent.length / 2));
    });
  return [header, ...declarations].join("\n");
}

const text = await textOf(JSON.parse(readFileSync(source, "utf8")).components.schemas);
if (!existsSync(target) || readFileSync(target, "utf8") !== text) {
  if (process.argv.includes("--check")) {
    console.error("Stale: src/room/messages.ts. Run `make schemas` and commit what it writes.");
    process.exit(1);
  }
  writeFileSync(target, text);
}
