// A tldraw sync room over ws, as tldraw's documentation sets one up; nothing is stored. GET /schema serves what a client
// must know. Run it in the folder where @tldraw/sync-core, @tldraw/tlschema and ws are installed: node …/tldraw.mjs PORT
import { createServer } from "node:http";
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { TLSocketRoom } = require("@tldraw/sync-core");
const { createTLSchema, PageRecordType, InstancePresenceRecordType, toRichText } = require("@tldraw/tlschema");
const { WebSocketServer } = require("ws");

const schema = createTLSchema();
const page = PageRecordType.createId("page");
const shape = {
  id: "shape:one", typeName: "shape", type: "geo", x: 0, y: 0, rotation: 0, index: "a1", parentId: page, isLocked: false,
  opacity: 1, meta: {},
  props: {
    geo: "rectangle", w: 100, h: 100, color: "black", labelColor: "black", fill: "none", dash: "draw", size: "m", font: "draw",
    align: "middle", verticalAlign: "middle", growY: 0, url: "", scale: 1, flipX: false, flipY: false, richText: toRichText(""),
  },
};
const presence = InstancePresenceRecordType.create({
  id: InstancePresenceRecordType.createId("one"), currentPageId: page, userId: "user:one", userName: "Happy Otter",
  cursor: { x: 0, y: 0, type: "default", rotation: 0 }, camera: { x: 0, y: 0, z: 1 }, screenBounds: { x: 0, y: 0, w: 1, h: 1 },
  lastActivityTimestamp: 0,
});
const known = JSON.stringify({ protocolVersion: 8, schema: schema.serialize(), shape, presence });

const server = createServer((request, response) => response.setHeader("content-type", "application/json").end(known));
const sockets = new WebSocketServer({ server, perMessageDeflate: false });
const rooms = new Map();
sockets.on("connection", (socket, request) => {
  const url = new URL(request.url, "http://localhost");
  if (!rooms.has(url.pathname)) rooms.set(url.pathname, new TLSocketRoom({ schema, log: console }));
  rooms.get(url.pathname).handleSocketConnect({ sessionId: url.searchParams.get("sessionId"), socket });
});
server.listen(Number(process.argv[2]), "127.0.0.1");
