// The official TypeScript client of the 1.x line; see behaviours.mjs.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport as Sse } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport as Stdio } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as StreamableHttp } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import * as types from "@modelcontextprotocol/sdk/types.js";
import { capabilities, run, transport } from "./behaviours.mjs";

const SCHEMAS = {
  "roots/list": types.ListRootsRequestSchema,
  "sampling/createMessage": types.CreateMessageRequestSchema,
  "elicitation/create": types.ElicitRequestSchema,
  "notifications/message": types.LoggingMessageNotificationSchema,
  "notifications/resources/updated": types.ResourceUpdatedNotificationSchema,
  "notifications/resources/list_changed": types.ResourceListChangedNotificationSchema,
  "notifications/tools/list_changed": types.ToolListChangedNotificationSchema,
  "notifications/prompts/list_changed": types.PromptListChangedNotificationSchema,
};

const wire = transport({ Stdio, Sse, StreamableHttp });
const client = new Client({ name: "peer-sdk1", version: "1" }, { capabilities });

// This client keeps the revision to itself, but tells its transport.
let revision;
const told = wire.setProtocolVersion?.bind(wire);
wire.setProtocolVersion = (version) => {
  revision = version;
  told?.(version);
};

await run({
  client,
  revision: () => revision,
  connect: () => client.connect(wire),
  call: (name, args, callOptions, meta) => client.callTool({ name, arguments: args, _meta: meta }, undefined, callOptions),
  onRequest: (method, handler) => client.setRequestHandler(SCHEMAS[method], handler),
  onNotification: (method, handler) => client.setNotificationHandler(SCHEMAS[method], handler),
  async close() {
    await wire.terminateSession?.();
    await client.close();
  },
});
