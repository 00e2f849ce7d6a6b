// The official TypeScript client of the 2.x line; see behaviours.mjs. `--era auto` asks for the modern era first.
import { Client, SSEClientTransport as Sse, StreamableHTTPClientTransport as StreamableHttp } from "@modelcontextprotocol/client";
import { StdioClientTransport as Stdio } from "@modelcontextprotocol/client/stdio";
import { capabilities, options, run, transport } from "./behaviours.mjs";

const wire = transport({ Stdio, Sse, StreamableHttp });
const client = new Client(
  { name: "peer-client2", version: "1" },
  { capabilities, versionNegotiation: { mode: options.era } },
);

await run({
  client,
  revision: () => client.getNegotiatedProtocolVersion(),
  connect: () => client.connect(wire),
  isModern: () => client.getProtocolEra() === "modern",
  call: (name, args, callOptions, meta) => client.callTool({ name, arguments: args, _meta: meta }, callOptions),
  onRequest: (method, handler) => client.setRequestHandler(method, handler),
  onNotification: (method, handler) => client.setNotificationHandler(method, handler),
  async close() {
    await wire.terminateSession?.();
    await client.close();
  },
});
