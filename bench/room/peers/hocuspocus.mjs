// A Hocuspocus server as its documentation sets one up, without extensions: nothing is stored.
// Run it in the folder where @hocuspocus/server, yjs and y-protocols are installed: node …/hocuspocus.mjs PORT
import { createRequire } from "node:module";

const require = createRequire(`${process.cwd()}/`);
const { Server } = require("@hocuspocus/server");

const server = new Server({ address: "127.0.0.1", port: Number(process.argv[2]), quiet: true });
server.listen();
