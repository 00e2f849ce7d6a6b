// What the suite starts as the client in its scenarios for clients: one of our programs in front of the suite's server,
// and the official TypeScript client that talks to that program.
//
//   node client.mjs FRONT BINARIES URL     with MCP_CONFORMANCE_SCENARIO and so on, as the suite sets them
//
// FRONT is the number of one of `fronts`, because the suite splits its command at spaces.
import { setTimeout as sleep } from "node:timers/promises";
import { Client, StreamableHTTPClientTransport } from "@modelcontextprotocol/client";
import { proxy } from "./processes.mjs";
import { fronts } from "./runs.mjs";

const LIMIT_MS = 25_000;

const [number, binaries, url] = process.argv.slice(2);
const front = Object.values(fronts)[number];
const scenario = process.env.MCP_CONFORMANCE_SCENARIO;
const modern = process.env.MCP_CONFORMANCE_PROTOCOL_VERSION >= "2026";
const context = JSON.parse(process.env.MCP_CONFORMANCE_CONTEXT ?? "{}");

const before = front.program ? await proxy(front, { url }, binaries) : { url, end() {} };
try {
  // Before the suite gives up on us: it would end this process and leave the program that it started.
  const late = sleep(LIMIT_MS).then(() => Promise.reject(new Error(`${scenario} is not through after ${LIMIT_MS} ms`)));
  await Promise.race([session(before.url), late]);
} finally {
  await before.end();
}
process.exit(0);

async function session(at) {
  const client = new Client(
    { name: "conformance-client", version: "1.0.0" },
    {
      capabilities: { elicitation: { form: { applyDefaults: true } }, sampling: {}, roots: {} },
      versionNegotiation: { mode: modern ? "auto" : "legacy" },
    },
  );
  // What the forms of the suite leave open is filled in by their defaults, or is a confirmation.
  client.setRequestHandler("elicitation/create", ({ params }) => ({
    action: "accept",
    content: "confirmed" in params.requestedSchema.properties ? { confirmed: true } : {},
  }));
  const transport = new StreamableHTTPClientTransport(new URL(at));
  await client.connect(transport);
  await behave(client);
  await transport.terminateSession().catch(() => {});
  await client.close();
}

/** Uses all that the server has, and calls its tools as the scenario wants it. */
async function behave(client) {
  const capabilities = client.getServerCapabilities() ?? {};
  const { tools } = await client.listTools();
  const calls = context.toolCalls ?? tools.map((tool) => ({ name: tool.name, arguments: argumentsOf(tool, tools) }));
  for (const call of calls) await client.callTool(call);
  if (capabilities.resources)
    for (const { uri } of (await client.listResources()).resources) await client.readResource({ uri });
  if (capabilities.prompts)
    for (const { name } of (await client.listPrompts()).prompts) await client.getPrompt({ name });
}

/** Some arguments for a tool. */
function argumentsOf(tool, tools) {
  const values = { add_numbers: { a: 5, b: 3 } }[tool.name];
  if (values) return values;
  // The suite wants to see what arrived of the schema of another tool.
  if (tool.name === "json_schema_echo") return { schema: tools.find((other) => other !== tool).inputSchema };
  const example = { string: "text", integer: 1, number: 1, boolean: true, object: {}, array: [] };
  const { properties = {}, required = [] } = tool.inputSchema;
  return Object.fromEntries(required.map((name) => [name, example[properties[name]?.type] ?? "text"]));
}
