// What each client has to be told. A step is a sentence or a text to copy.

const json = (value) => JSON.stringify(value, null, 2);
const text = (words) => ({ text: words });
const code = (words) => ({ code: words });
const bearer = (key) => (key ? { headers: { Authorization: `Bearer ${key}` } } : {});
// A shell would take an apostrophe as the end of the word.
const quote = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);

/** For clients that can only start programs: the hub's own program joins them to the address. */
function bridge({ url, key }) {
  const args = ["stdio", "--url", url];
  return key ? { command: "mcp-hub", args: [...args, "--bearer-env", "HUB_KEY"], env: { HUB_KEY: key } } : { command: "mcp-hub", args };
}

export const CLIENTS = {
  "claude-desktop": {
    label: "Claude Desktop",
    steps: (hub) => [
      text("Open Settings, Developer, Edit Config. Add this to claude_desktop_config.json, beside servers that are there already, and start Claude Desktop again:"),
      code(json({ mcpServers: { [hub.name]: bridge(hub) } })),
    ],
    note: "Claude Desktop starts programs, so mcp-hub must be installed on the same machine as it; write its whole path if it is not found.",
  },
  "claude-code": {
    label: "Claude Code",
    steps: (hub) => [
      text("Run this once in a terminal:"),
      code(["claude", "mcp", "add", "--transport", "http", quote(hub.name), quote(hub.url), ...(hub.key ? ["--header", quote(`Authorization: Bearer ${hub.key}`)] : [])].join(" ")),
      text("Or for everyone who works on a project, in its file .mcp.json:"),
      code(json({ mcpServers: { [hub.name]: { type: "http", url: hub.url, ...bearer(hub.key) } } })),
    ],
  },
  cursor: {
    label: "Cursor",
    steps: (hub) => [text("In ~/.cursor/mcp.json, or .cursor/mcp.json of a project:"), code(json({ mcpServers: { [hub.name]: { url: hub.url, ...bearer(hub.key) } } }))],
  },
  vscode: {
    label: "VS Code",
    steps: (hub) => [text("In .vscode/mcp.json of a project, or by the command “MCP: Open User Configuration”:"), code(json({ servers: { [hub.name]: { type: "http", url: hub.url, ...bearer(hub.key) } } }))],
  },
  windsurf: {
    label: "Windsurf",
    steps: (hub) => [text("In ~/.codeium/windsurf/mcp_config.json:"), code(json({ mcpServers: { [hub.name]: { serverUrl: hub.url, ...bearer(hub.key) } } }))],
  },
  zed: {
    label: "Zed",
    steps: (hub) => [text("In settings.json (the command “zed: open settings file”):"), code(json({ context_servers: { [hub.name]: { url: hub.url, ...bearer(hub.key) } } }))],
  },
  python: {
    label: "Python",
    steps: ({ url, key }) => [
      text("With the official package (pip install mcp):"),
      code(`import asyncio
${key ? "import httpx\n" : ""}from mcp import ClientSession
from mcp.client.streamable_http import streamable_http_client


async def main():
${key ? `    http = httpx.AsyncClient(headers={"Authorization": ${JSON.stringify(`Bearer ${key}`)}})\n` : ""}    async with streamable_http_client(${JSON.stringify(url)}${key ? ", http_client=http" : ""}) as (read, write, _):
        async with ClientSession(read, write) as session:
            await session.initialize()
            for tool in (await session.list_tools()).tools:
                print(tool.name)


asyncio.run(main())
`),
    ],
  },
  typescript: {
    label: "TypeScript",
    steps: ({ url, key }) => [
      text("With the official package (npm install @modelcontextprotocol/sdk):"),
      code(`import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";

const client = new Client({ name: "my-program", version: "1.0.0" });
await client.connect(new StreamableHTTPClientTransport(new URL(${JSON.stringify(url)})${key ? `, {
  requestInit: { headers: { Authorization: ${JSON.stringify(`Bearer ${key}`)} } },
}` : ""}));
for (const tool of (await client.listTools()).tools) console.log(tool.name);
await client.close();
`),
    ],
  },
};
