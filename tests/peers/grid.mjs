// What the grid tries with its own servers (tests/grid), for both majors of the TypeScript client.
//
// The names are those of the grid. `--revision` is what this client has to speak, `--behind` what the server does; a line
// `await WHAT` asks the grid for something that only the server's record knows, and the answer is a line on stdin.
import assert from "node:assert/strict";
import { once } from "node:events";

const SAMPLE = "sampling/createMessage";
const ROOTS = "roots/list";
const FORM = "elicitation/create";
const LISTS = ["tools", "prompts", "resources"];
const CHANGED = LISTS.map((kind) => `notifications/${kind}/list_changed`);
const UPDATED = "notifications/resources/updated";
const LOG = "notifications/message";
const URI = "grid://items/0";
const ROOT = "file:///grid";

export function grid(peer, options) {
  const { client } = peer;
  const isModern = options.revision >= "2026";
  const bothKnow = (since) => options.revision >= since && options.behind >= since;
  let prefix = "";
  let asked = [];
  let notes = [];

  /** Waits until something holds; the limit of a behaviour ends it. */
  async function until(holds) {
    while (!holds()) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  const answers = {
    [ROOTS]: () => ({ roots: [{ uri: ROOT, name: "grid" }] }),
    [SAMPLE]: () => ({ role: "assistant", model: "none", stopReason: "endTurn", content: { type: "text", text: "Hi!" } }),
    [FORM]: (params) => (params.mode === "url" ? { action: "accept" } : { action: "accept", content: { name: "Ann" } }),
  };
  for (const [method, answer] of Object.entries(answers))
    peer.onRequest(method, (request) => {
      asked.push({ method, params: request.params });
      return answer(request.params);
    });
  for (const method of [...CHANGED, UPDATED, LOG])
    peer.onNotification(method, (note) => notes.push({ method, params: note.params }));

  const call = (name, args = {}, callOptions, meta) => peer.call(prefix + name, args, callOptions, meta);
  const text = async (name, args, callOptions, meta) => {
    const result = await call(name, args, callOptions, meta);
    assert.ok(!result.isError, JSON.stringify(result));
    return result.content[0].text;
  };
  const count = (method) => notes.filter((note) => note.method === method).length;

  async function all(list, key) {
    const found = [];
    let cursor;
    do {
      const page = await list(cursor === undefined ? undefined : { cursor });
      found.push(...page[key]);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    return found;
  }
  const tools = async () => (await all((page) => client.listTools(page), "tools")).map((tool) => tool.name);

  async function asks(tool, methods, parts) {
    asked = [];
    const said = await text(tool);
    assert.deepEqual(asked.map(({ method }) => method).sort(), [...methods].sort());
    for (const part of parts) assert.ok(said.includes(part), said);
  }

  /** Nobody is asked, and the call has an end that says so. */
  async function refused(tool) {
    asked = [];
    const result = await call(tool).catch((error) => ({ isError: true, error }));
    assert.ok(result.isError, JSON.stringify(result));
    assert.deepEqual(asked, []);
  }

  async function code(promise, ...expected) {
    const error = await promise.then((value) => assert.fail(JSON.stringify(value)), (error) => error);
    assert.ok(expected.includes(error.code), String(error));
  }

  /** The grid looks into the server's record. */
  async function recorded(what) {
    const line = once(process.stdin, "data");
    console.log(`await ${what}`);
    const [answer] = await line;
    assert.equal(String(answer).trim(), "");
  }

  const checks = {
    async handshake() {
      assert.equal(peer.revision(), options.revision);
      const has = client.getServerCapabilities();
      for (const name of ["tools", "prompts", "resources", "logging"]) assert.ok(has[name], `no ${name}`);
      prefix = (await tools()).find((name) => name.endsWith("sample_tools")).slice(0, -"sample_tools".length);
    },
    async list() {
      const names = await tools();
      for (const name of ["echo", "structured", "polled"]) assert.equal(names.filter((own) => own === prefix + name).length, 1, name);
      const templates = await all((page) => client.listResourceTemplates(page), "resourceTemplates");
      assert.ok(templates.some(({ uriTemplate }) => uriTemplate === "grid://items/{at}"));
      const prompts = await all((page) => client.listPrompts(page), "prompts");
      assert.equal(prompts.filter(({ name }) => name.startsWith(`${prefix}prompt-`)).length, 3);
    },
    async paginate() {
      const uris = (await all((page) => client.listResources(page), "resources")).map(({ uri }) => uri);
      assert.deepEqual(uris.filter((uri) => uri.startsWith("grid:")), [0, 1, 2, 3, 4].map((at) => `grid://items/${at}`));
      await code(client.listResources({ cursor: "nobody's" }), -32602);
    },
    async "read a resource"() {
      const { contents } = await client.readResource({ uri: "grid://items/1" });
      assert.deepEqual([contents[0].uri, contents[0].text], ["grid://items/1", "an item"]);
    },
    async "get a prompt"() {
      const { messages } = await client.getPrompt({ name: `${prefix}prompt-0`, arguments: { topic: "cats" } });
      assert.equal(messages[0].content.text, "prompt-0 on cats");
    },
    async complete() {
      const ref = { type: "ref/prompt", name: `${prefix}prompt-0` };
      const { completion } = await client.complete({ ref, argument: { name: "topic", value: "c" } });
      assert.deepEqual(completion.values, ["ca", "cb"]);
    },
    async call() {
      assert.equal(await text("echo", { text: "é \u2028 𝄞" }), "é \u2028 𝄞");
    },
    async "structured output"() {
      const result = await call("structured");
      assert.match(result.content[0].text, /"sum":42/);
      if (bothKnow("2025-06-18")) assert.equal(result.structuredContent.sum, 42);
    },
    async "a tool's error"() {
      const result = await call("fail");
      assert.deepEqual([result.isError, result.content[0].text], [true, "it does not work"]);
    },
    "unknown tool": () => code(call("no_such_tool"), -32602),
    // The 2.x line makes one code of both.
    "unknown resource": () => code(client.readResource({ uri: "grid://items/none" }), ...(isModern ? [-32602] : [-32002, -32602])),
    async "big payload"() {
      const long = "0123456789abcdef".repeat(1 << 16);
      assert.equal((await text("big", { text: long })).length, long.length * 2);
    },
    // The modern era has none, which this client knows.
    ping: () => (isModern ? assert.rejects(client.ping()) : client.ping()),
    async progress() {
      const seen = [];
      await text("progress", { pause: 60 }, { onprogress: ({ progress, total }) => seen.push([progress, total]) });
      // These clients drop what arrives in one read with the answer.
      assert.ok(seen.length > 0);
      assert.deepEqual(seen, [[1, 3], [2, 3], [3, 3]].slice(0, seen.length));
    },
    async log() {
      for (const [level, expected] of [["warning", ["large"]], ["debug", ["small", "large"]]]) {
        const meta = isModern ? { "io.modelcontextprotocol/logLevel": level } : undefined;
        if (!isModern) await client.setLoggingLevel(level);
        notes = [];
        await text("log", {}, undefined, meta);
        await until(() => count(LOG) >= expected.length);
        assert.deepEqual(notes.filter(({ method }) => method === LOG).map(({ params }) => params.data), expected);
      }
    },
    async subscribe() {
      notes = [];
      const stream = isModern ? await client.listen({ resourceSubscriptions: [URI] }) : undefined;
      if (!stream) await client.subscribeResource({ uri: URI });
      await text("touch");
      await until(() => count(UPDATED) === 1);
      assert.equal(notes.find(({ method }) => method === UPDATED).params.uri, URI);
      await (stream ? stream.close() : client.unsubscribeResource({ uri: URI }));
    },
    async list_changed() {
      const filter = Object.fromEntries(LISTS.map((kind) => [`${kind}ListChanged`, true]));
      const stream = isModern ? await client.listen(filter) : undefined;
      for (const more of [true, false]) {
        notes = [];
        await text("change");
        await until(() => CHANGED.every((method) => count(method) > 0));
        assert.equal((await tools()).includes(`${prefix}more`), more);
      }
      await stream?.close();
    },
    sampling: () => asks("sample", [SAMPLE], ["Hi!"]),
    async "sampling with tools"() {
      if (!bothKnow("2025-11-25")) return refused("sample_tools");
      await asks("sample_tools", [SAMPLE], ["Hi!"]);
      assert.equal(asked[0].params.tools[0].name, "clock");
    },
    "elicitation, form": () => (bothKnow("2025-06-18") ? asks("form", [FORM], ["Ann"]) : refused("form")),
    async "elicitation, URL"() {
      if (!bothKnow("2025-11-25")) return refused("url");
      await asks("url", [FORM], ["accept"]);
      assert.equal(asked[0].params.url, "https://example.com/in");
    },
    roots: () => asks("roots", [ROOTS], [ROOT]),
    "rounds of input": () => asks("rounds", [SAMPLE, ROOTS], ["Hi!", ROOT]),
    "two inputs at once": () => asks("both", [SAMPLE, ROOTS], ["Hi!", ROOT]),
    async "roots changed"() {
      await client.sendRootsListChanged();
      await recorded("roots changed");
    },
    async cancel() {
      const stop = new AbortController();
      const running = call("hang", {}, { signal: stop.signal });
      const refusal = assert.rejects(running);
      await recorded("hangs");
      stop.abort("enough");
      await refusal;
      await recorded("cancelled");
      assert.equal(await text("echo", { text: "still here" }), "still here");
    },
  };
  const inTurn = async (check) => {
    await recorded("its turn");
    await check();
  };
  return Object.fromEntries(Object.entries(checks).map(([name, check]) => [name, () => inTurn(check)]));
}
