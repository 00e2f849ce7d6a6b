// The test server, over stdio or HTTP, in the eras that one wants.
//
//   node server.mjs [--eras legacy|modern|both] [--http PORT]
//
// With `legacy` it answers a modern opening as an old server does, with `modern` it refuses the handshake. Port 0 picks
// a free one; the URL is the first line on stdout.
import { randomUUID } from "node:crypto";
import { createServer } from "node:http";
import { parseArgs } from "node:util";
import { localhostHostValidation, localhostOriginValidation, toNodeHandler } from "@modelcontextprotocol/node";
import { WebStandardStreamableHTTPServerTransport, createMcpHandler, isLegacyRequest } from "@modelcontextprotocol/server";
import { StdioServerTransport, serveStdio } from "@modelcontextprotocol/server/stdio";
import { EventLog } from "./event-log.mjs";
import { everything } from "./everything.mjs";
import { TaskTransport, withTasks } from "./tasks.mjs";

const RETRY_MS = 500; // after which a client asks for the rest of a stream that we broke off

const { values: options } = parseArgs({
  options: { eras: { type: "string", default: "both" }, http: { type: "string" } },
});
if (!["legacy", "modern", "both"].includes(options.eras)) throw new Error(`--eras ${options.eras}: legacy, modern or both`);

if (options.http === undefined) await overStdio(options.eras);
else await overHttp(options.eras, Number(options.http));

async function overStdio(eras) {
  const transport = new StdioServerTransport();
  if (eras === "legacy") await everything({ era: "legacy" }).connect(transport);
  else
    serveStdio(({ era }) => everything({ era }), {
      legacy: eras === "modern" ? "reject" : "serve",
      transport: new TaskTransport(transport),
    });
}

async function overHttp(eras, port) {
  const publish = { tool: () => modern.notify.toolsChanged(), prompt: () => modern.notify.promptsChanged() };
  const modern = createMcpHandler(({ era }) => everything({ era, publish }), { legacy: "reject" });
  const serveModern = withTasks(modern.fetch);
  const serveLegacy = sessions();
  const serve = {
    legacy: serveLegacy,
    modern: serveModern,
    both: async (request) => ((await isLegacyRequest(request)) ? serveLegacy(request) : serveModern(request)),
  }[eras];

  const handler = toNodeHandler({ fetch: serve });
  const guards = [localhostHostValidation(), localhostOriginValidation()];
  const server = createServer((request, response) => {
    if (guards.every((guard) => guard(request, response))) handler(request, response);
  });
  server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${server.address().port}/mcp`));
}

/** Sessions of the legacy era, each with a server of its own. */
function sessions() {
  const open = new Map();
  return async (request) => {
    const id = request.headers.get("mcp-session-id");
    if (id !== null) {
      const known = open.get(id);
      if (known) return known.handleRequest(request);
      const error = { code: -32001, message: "Session not found" };
      return Response.json({ jsonrpc: "2.0", error, id: null }, { status: 404 });
    }
    const transport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: randomUUID,
      onsessioninitialized: (created) => open.set(created, transport),
      onsessionclosed: (closed) => open.delete(closed),
      eventStore: new EventLog(),
      retryInterval: RETRY_MS,
    });
    await everything({ era: "legacy" }).connect(transport);
    return transport.handleRequest(request);
  };
}
