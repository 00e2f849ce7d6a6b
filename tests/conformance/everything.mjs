// What the test server offers: the tools, prompts and resources that the official conformance suite asks for by name.
// Each is written once for both eras.
import { setTimeout as sleep } from "node:timers/promises";
import { McpServer, ResourceTemplate, completable, fromJsonSchema } from "@modelcontextprotocol/server";
import { z } from "zod";
import { preservedSchema } from "./preserved-schema.mjs";
import { questions, state } from "./questions.mjs";
import { offerTasks } from "./tasks.mjs";

// One red pixel, and a wave file without a sample.
const PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
const WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQAAAAA=";
const PAUSE_MS = 50; // between two messages of a call, so that they do not come as one

const text = (value) => ({ content: [{ type: "text", text: value }] });
const user = (content) => ({ role: "user", content });

// What comes and goes with the calls of `test_trigger_…_change`; all servers of a process have it or lack it, and those
// that live longer than a request follow when it changes.
const extra = { tool: false, prompt: false };
const followers = new Set();

/**
 * A server with everything, for clients of one era. `publish` tells a change of a list to those who listen, where the
 * server that changes it lives for one request only; without it that goes out on the server's own connection.
 */
export function everything({ era, publish }) {
  const server = new McpServer(
    { name: "conformance", version: "1.0.0" },
    {
      capabilities: { logging: {}, resources: { subscribe: true } },
      requestState: { verify: state.verify },
      cacheHints: { "tools/list": { ttlMs: 5_000, cacheScope: "public" } },
    },
  );
  contents(server);
  messages(server);
  questions(server);
  changes(server, publish);
  resources(server);
  prompts(server);
  if (era === "modern") offerTasks(server);
  return server;
}

/** Tools that only answer. */
function contents(server) {
  const tool = (name, description, content) => server.registerTool(name, { description }, () => ({ content }));
  const image = { type: "image", data: PNG, mimeType: "image/png" };
  const resource = (uri, mimeType, value) => ({ type: "resource", resource: { uri, mimeType, text: value } });

  tool("test_simple_text", "Answers with a line of text", [
    { type: "text", text: "This is a simple text response for testing." },
  ]);
  tool("test_image_content", "Answers with a picture", [image]);
  tool("test_audio_content", "Answers with a sound", [{ type: "audio", data: WAV, mimeType: "audio/wav" }]);
  tool("test_embedded_resource", "Answers with a resource", [
    resource("test://embedded-resource", "text/plain", "This is an embedded resource content."),
  ]);
  tool("test_multiple_content_types", "Answers with text, a picture and a resource", [
    { type: "text", text: "Multiple content types test:" },
    image,
    resource("test://mixed-content-resource", "application/json", JSON.stringify({ test: "data", value: 123 })),
  ]);
  server.registerTool("test_error_handling", { description: "Always fails" }, () => {
    throw new Error("This tool intentionally returns an error for testing");
  });
  server.registerTool(
    "json_schema_2020_12_tool",
    { description: "Has an input schema with much of JSON Schema 2020-12", inputSchema: fromJsonSchema(preservedSchema) },
    (args) => text(JSON.stringify(args)),
  );
  server.registerTool(
    "test_custom_header",
    {
      description: "Wants its region as a header as well",
      inputSchema: fromJsonSchema({
        type: "object",
        properties: { region: { type: "string", "x-mcp-header": "Region" } },
        required: ["region"],
      }),
    },
    ({ region }) => text(`region: ${region}`),
  );
}

/** Tools that send messages while they run. */
function messages(server) {
  server.registerTool("test_tool_with_logging", { description: "Logs three lines" }, async (ctx) => {
    await ctx.mcpReq.log("info", "Tool execution started");
    await sleep(PAUSE_MS);
    await ctx.mcpReq.log("info", "Tool processing data");
    await sleep(PAUSE_MS);
    await ctx.mcpReq.log("info", "Tool execution completed");
    return text("Logged three lines.");
  });
  server.registerTool("test_logging_tool", { description: "Logs one line, to those who want logs" }, async (ctx) => {
    await ctx.mcpReq.log("info", "The logging tool runs");
    return text("Logged one line.");
  });
  server.registerTool("test_tool_with_progress", { description: "Tells its progress in three steps" }, async (ctx) => {
    const progressToken = ctx.mcpReq._meta?.progressToken;
    for (const progress of [0, 50, 100]) {
      if (progressToken !== undefined)
        await ctx.mcpReq.notify({ method: "notifications/progress", params: { progressToken, progress, total: 100 } });
      if (progress < 100) await sleep(PAUSE_MS);
    }
    return text("Made it to 100.");
  });
  server.registerTool("test_reconnection", { description: "Breaks the stream of its call off" }, async (ctx) => {
    ctx.http?.closeSSE?.();
    await sleep(2 * PAUSE_MS);
    return text("This result needed a second stream.");
  });
}

/** Tools that change a list. */
function changes(server, publish) {
  const add = {
    tool: () => server.registerTool("test_extra_tool", { description: "Comes and goes" }, () => text("I am here.")),
    prompt: () =>
      server.registerPrompt("test_extra_prompt", { description: "Comes and goes" }, () => ({
        messages: [user({ type: "text", text: "I am here." })],
      })),
  };
  const registered = {};
  const follow = () => {
    for (const list of ["tool", "prompt"])
      if (extra[list]) registered[list] ??= add[list]();
      else registered[list] = registered[list]?.remove();
  };
  follow();
  if (!publish) {
    followers.add(follow);
    server.server.onclose = () => followers.delete(follow);
  }
  for (const list of ["tool", "prompt"])
    server.registerTool(`test_trigger_${list}_change`, { description: `Changes the ${list} list` }, () => {
      extra[list] = !extra[list];
      publish?.[list]();
      for (const each of followers) each();
      return text(`The ${list} list is another one now.`);
    });
}

function resources(server) {
  const description = "One of the resources that the suite reads";
  const fixed = (name, uri, mimeType, content) =>
    server.registerResource(name, uri, { description, mimeType }, () => ({ contents: [{ uri, mimeType, ...content }] }));
  fixed("static-text", "test://static-text", "text/plain", { text: "This is the content of the static text resource." });
  fixed("static-binary", "test://static-binary", "image/png", { blob: PNG });
  fixed("watched-resource", "test://watched-resource", "text/plain", { text: "Watched." });
  server.registerResource(
    "template",
    new ResourceTemplate("test://template/{id}/data", { list: undefined }),
    { description, mimeType: "application/json" },
    (uri, { id }) => {
      const content = JSON.stringify({ id, templateTest: true, data: `Data for ID: ${id}` });
      return { contents: [{ uri: uri.href, mimeType: "application/json", text: content }] };
    },
  );
  // Nothing of ours changes, so there is nothing to remember.
  for (const method of ["resources/subscribe", "resources/unsubscribe"])
    server.server.setRequestHandler(method, () => ({}));
}

function prompts(server) {
  const prompt = (name, description, argsSchema, handler) =>
    server.registerPrompt(name, { description, ...(argsSchema && { argsSchema: z.object(argsSchema) }) }, handler);
  const suggest = (value) => ["paris", "park", "party", "test"].filter((word) => word.startsWith(value));

  prompt("test_simple_prompt", "A line of text", undefined, () => ({
    messages: [user({ type: "text", text: "This is a simple prompt for testing." })],
  }));
  prompt(
    "test_prompt_with_arguments",
    "Text with two arguments",
    { arg1: completable(z.string().describe("First test argument"), suggest), arg2: z.string().describe("Second test argument") },
    ({ arg1, arg2 }) => ({
      messages: [user({ type: "text", text: `Prompt with arguments: arg1='${arg1}', arg2='${arg2}'` })],
    }),
  );
  prompt("test_prompt_with_embedded_resource", "A resource to process", { resourceUri: z.string() }, ({ resourceUri }) => ({
    messages: [
      user({
        type: "resource",
        resource: { uri: resourceUri, mimeType: "text/plain", text: "Embedded resource content for testing." },
      }),
      user({ type: "text", text: "Please process the embedded resource above." }),
    ],
  }));
  prompt("test_prompt_with_image", "A picture to analyze", undefined, () => ({
    messages: [
      user({ type: "image", data: PNG, mimeType: "image/png" }),
      user({ type: "text", text: "Please analyze the image above." }),
    ],
  }));
}
