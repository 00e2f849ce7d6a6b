// One whole session with a server, behaviour by behaviour, for both majors of the TypeScript client.
//
//   node sdk1.mjs --transport http|sse --url URL --server everything|filesystem|time|echo|survivor|grid [--session shared] [--root DIR]
//     [--prefix TEXT]      what stands before the names of the server's tools and prompts, where it is one of many
//   node sdk1.mjs --transport stdio --server … -- COMMAND ARGS…      the same without anything in between
//
// With `survivor`, the server's process is ended when the driver prints `ready`; a line on stdin says when it is done.
//
// Prints `ok NAME` or `fail NAME: why` per behaviour; the exit code is the number of failures. `--session shared` says
// that other clients use the same server process, so the server cannot know this client's roots.
import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { grid } from "./grid.mjs";

// For one behaviour: a hang is a failure with a name. The grid runs several sessions at once, and waits longer.
const limitMs = () => (options.server === "grid" ? 60_000 : 20_000);

export const capabilities = { roots: { listChanged: true }, sampling: { tools: {} }, elicitation: { form: {}, url: {} } };

const { values: options, positionals: command } = parseArgs({
  allowPositionals: true,
  options: {
    url: { type: "string" },
    transport: { type: "string", default: "http" },
    server: { type: "string", default: "everything" },
    session: { type: "string", default: "dedicated" },
    root: { type: "string" },
    era: { type: "string", default: "legacy" },
    prefix: { type: "string", default: "" },
    // Of the grid alone.
    revision: { type: "string", default: "" },
    behind: { type: "string", default: "" },
    behaviours: { type: "string", default: "" },
  },
});
export { options };

/** The transport that the arguments name, of the classes of one client. */
export function transport({ Stdio, Sse, StreamableHttp }) {
  if (options.transport === "stdio") return new Stdio({ command: command[0], args: command.slice(1), stderr: "ignore" });
  return new (options.transport === "sse" ? Sse : StreamableHttp)(new URL(options.url));
}

/** Collects what a handler got, so that a check can wait for it. */
class Inbox {
  #seen = [];
  #wake = () => {};

  push(item) {
    this.#seen.push(item);
    this.#wake();
  }

  async first(matches = () => true) {
    for (;;) {
      const item = this.#seen.find(matches);
      if (item !== undefined) return item;
      await new Promise((resolve) => (this.#wake = resolve));
    }
  }
}

/**
 * Runs the behaviours of `--server`. `peer` hides what the two majors write differently:
 * `client`, `connect()`, `isModern()`, `call(name, args, options)`, `onRequest(method, f)`, `onNotification(method, f)`.
 */
export async function run(peer) {
  const { client } = peer;
  const named = (name) => options.prefix + name;
  const call = (name, args, callOptions) => peer.call(named(name), args, callOptions);
  const ours = (tools) => tools.map((tool) => tool.name).filter((name) => name.startsWith(options.prefix));
  const root = options.root ?? (await mkdtemp(join(tmpdir(), "mcp-peer-")));
  const roots = new Inbox();
  const logs = new Inbox();
  const updates = new Inbox();
  let failures = 0;

  peer.onRequest("roots/list", () => {
    const answer = { roots: [{ uri: pathToFileURL(root).href, name: "peer-root" }] };
    roots.push(answer);
    return answer;
  });
  peer.onRequest("sampling/createMessage", (request) => ({
    model: "peer-model",
    role: "assistant",
    content: { type: "text", text: `sampled <${request.params.messages[0].content.text}>` },
  }));
  peer.onRequest("elicitation/create", () => ({ action: "accept", content: { name: "Ada Lovelace" } }));
  peer.onNotification("notifications/message", (note) => logs.push(note.params));
  peer.onNotification("notifications/resources/updated", (note) => updates.push(note.params.uri));

  async function behaviour(name, check) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no result within ${limitMs()} ms`)), limitMs());
    });
    try {
      await Promise.race([check(), late]);
      console.log(`ok ${name}`);
    } catch (error) {
      failures += 1;
      console.log(`fail ${name}: ${String(error?.message ?? error).replaceAll("\n", " | ")}`);
    } finally {
      clearTimeout(timer);
    }
  }

  const text = async (name, args, callOptions) => (await call(name, args, callOptions)).content[0].text;

  const everything = {
    async list() {
      const tools = ours((await client.listTools()).tools);
      for (const name of ["echo", "get-sum", "trigger-sampling-request", "trigger-elicitation-request", "get-roots-list"])
        assert.ok(tools.includes(named(name)), `${name} is missing among ${tools}`);
    },
    async call() {
      assert.equal(await text("get-sum", { a: 2, b: 40 }), "The sum of 2 and 40 is 42.");
      const long = "grüße 🦀 \u2028".repeat(20_000);
      assert.equal(await text("echo", { message: long }), `Echo: ${long}`);
      const { structuredContent } = await call("get-structured-content", { location: "New York" });
      assert.equal(typeof structuredContent.temperature, "number");
      const { content } = await call("get-tiny-image", {});
      assert.ok(content.some((part) => part.type === "image" && part.data.length > 1000));
    },
    async errors() {
      // A tool that does not exist: an error result or an error answer, by the server's SDK, and the session lives on.
      const result = await call("no-such-tool", {}).catch((error) => ({ isError: true, error }));
      assert.ok(result.isError);
      await assert.rejects(client.getPrompt({ name: named("no-such-prompt") }));
    },
    async concurrency() {
      const numbers = Array.from({ length: 20 }, (_, i) => i);
      const answers = await Promise.all(numbers.map((i) => text("echo", { message: `call ${i}` })));
      assert.deepEqual(answers, numbers.map((i) => `Echo: call ${i}`));
    },
    async progress() {
      const seen = [];
      const answer = await text("trigger-long-running-operation", { duration: 0.6, steps: 3 }, { onprogress: (p) => seen.push(p) });
      assert.match(answer, /completed/);
      // The server sends the third together with the answer; these clients drop it when both arrive in one read.
      assert.deepEqual(seen.slice(0, 2).map((p) => [p.progress, p.total]), [[1, 3], [2, 3]]);
    },
    async cancellation() {
      const stop = new AbortController();
      const running = text(
        "trigger-long-running-operation",
        { duration: 2, steps: 8 },
        { signal: stop.signal, onprogress: () => stop.abort("enough") },
      );
      await assert.rejects(running);
      assert.equal(await text("echo", { message: "still here" }), "Echo: still here");
    },
    async logging() {
      // In the modern era each request says what it wants to hear.
      if (peer.isModern?.()) return;
      await client.setLoggingLevel("debug");
      // What this server logs belongs to no call, so in a shared process it is nobody's.
      if (options.session === "shared") return;
      await text("toggle-simulated-logging", {});
      const log = await logs.first((params) => /-level message|level-message/.test(params.data));
      assert.ok(log.level);
      await text("toggle-simulated-logging", {});
    },
    async resources() {
      const { resources } = await client.listResources();
      const { contents } = await client.readResource({ uri: resources[0].uri });
      assert.equal(contents[0].uri, resources[0].uri);
      const { resourceTemplates } = await client.listResourceTemplates();
      assert.ok(resourceTemplates.some((template) => template.uriTemplate.startsWith("demo://resource/dynamic/text/")));
    },
    async subscription() {
      const uri = "demo://resource/dynamic/text/1";
      // A cancelled call may still ask for half a second, and until then modern calls may run on another instance of the
      // server, which does not know what was switched on here.
      if (peer.isModern?.()) await new Promise((resolve) => setTimeout(resolve, 1000));
      const stream = peer.isModern?.() ? await client.listen({ resourceSubscriptions: [uri] }) : undefined;
      if (!stream) await client.subscribeResource({ uri });
      await text("toggle-subscriber-updates", {});
      await updates.first((updated) => updated === uri);
      await text("toggle-subscriber-updates", {});
      await (stream ? stream.close() : client.unsubscribeResource({ uri }));
    },
    async prompts() {
      const { prompts } = await client.listPrompts();
      assert.ok(prompts.some((prompt) => prompt.name === named("args-prompt")));
      const { messages } = await client.getPrompt({ name: named("args-prompt"), arguments: { city: "Ulm" } });
      assert.equal(messages[0].content.text, "What's weather in Ulm?");
    },
    async completion() {
      const { completion } = await client.complete({
        ref: { type: "ref/prompt", name: named("completable-prompt") },
        argument: { name: "name", value: "A" },
        context: { arguments: { department: "Engineering" } },
      });
      assert.deepEqual(completion.values, ["Alice"]);
    },
    async sampling() {
      assert.match(await text("trigger-sampling-request", { prompt: "who?" }), /sampled <.*who\?>/);
    },
    async elicitation() {
      const { content } = await call("trigger-elicitation-request", {});
      assert.ok(content.some((part) => part.text?.includes("Ada Lovelace")), JSON.stringify(content));
    },
    async roots() {
      if (options.session === "shared") {
        // It asks a moment after its start: during a call of ours it gets our roots, else none.
        assert.match(await text("get-roots-list", {}), /no roots are currently configured|peer-root/);
        return;
      }
      await roots.first();
      assert.match(await text("get-roots-list", {}), new RegExp(`peer-root\\s+URI: ${pathToFileURL(root).href}`));
    },
  };

  const filesystem = {
    async list() {
      const tools = ours((await client.listTools()).tools);
      assert.ok(tools.includes(named("write_file")) && tools.includes(named("read_text_file")), `tools are ${tools}`);
    },
    async roots() {
      // The server takes the client's roots as its directories; in a shared process it keeps those it was started with.
      if (options.session !== "shared") await roots.first();
      assert.match(await text("list_allowed_directories", {}), new RegExp(root));
    },
    async call() {
      const path = join(root, `peer-${process.pid}.txt`);
      await text("write_file", { path, content: "one\ntwo\n" });
      assert.match(await text("read_text_file", { path }), /one\ntwo/);
      assert.match(await text("list_directory", { path: root }), new RegExp(`peer-${process.pid}.txt`));
    },
    async errors() {
      const result = await call("read_text_file", { path: "/etc/hostname" });
      assert.ok(result.isError);
    },
  };

  const time = {
    async list() {
      const tools = ours((await client.listTools()).tools);
      assert.deepEqual(tools.sort(), ["convert_time", "get_current_time"].map(named));
    },
    async call() {
      assert.match(await text("get_current_time", { timezone: "Europe/Berlin" }), /"timezone": "Europe\/Berlin"/);
      const converted = await text("convert_time", { source_timezone: "UTC", time: "12:00", target_timezone: "Asia/Tokyo" });
      assert.match(converted, /T21:00:00\+09:00/);
    },
    async errors() {
      const result = await call("get_current_time", { timezone: "Mars/Olympus" }).catch(() => ({ isError: true }));
      assert.ok(result.isError);
    },
  };

  const echo = {
    async list() {
      const tools = ours((await client.listTools()).tools);
      assert.ok(tools.includes(named("echo")), `tools are ${tools}`);
    },
    async call() {
      assert.equal(await text("echo", { text: "hello" }), "hello");
    },
  };

  async function released() {
    const line = once(process.stdin, "data");
    console.log("ready");
    await line;
  }

  const survivor = {
    async before() {
      assert.equal(await text("echo", { text: "before" }), "before");
    },
    meanwhile: released,
    async after() {
      assert.equal(await text("echo", { text: "after" }), "after");
      assert.ok((await client.listTools()).tools.length > 0);
    },
    end: released,
  };

  const sets = { everything, filesystem, time, echo, survivor };
  if (options.server === "grid") {
    const all = grid(peer, options);
    sets.grid = Object.fromEntries(options.behaviours.split(";").map((name) => [name, all[name]]));
  }

  await behaviour("initialize", async () => {
    await peer.connect();
    assert.ok(client.getServerVersion().name);
    assert.ok(client.getServerCapabilities().tools);
  });
  if (failures === 0)
    for (const [name, check] of Object.entries(sets[options.server]))
      await behaviour(name, check);
  await behaviour("close", () => peer.close());
  // exit(), not exitCode: a socket left open must not keep the process alive past its verdict.
  process.exit(failures);
}
