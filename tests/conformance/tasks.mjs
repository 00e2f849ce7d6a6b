// The extension `io.modelcontextprotocol/tasks`, of which the SDK knows only the names: requests that concern tasks are
// answered here, before the SDK sees them.
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { CLIENT_CAPABILITIES_META_KEY, PROTOCOL_VERSION_META_KEY, inputRequired } from "@modelcontextprotocol/server";
import { z } from "zod";

const TASKS = "io.modelcontextprotocol/tasks";
const TTL_MS = 300_000;
const POLL_MS = 100;
const INVALID_PARAMS = -32602;
const INTERNAL_ERROR = -32603;
const MISSING_CAPABILITY = -32021;

const text = (value) => ({ content: [{ type: "text", text: value }] });
const form = (message, property, type) =>
  inputRequired.elicit({
    message,
    requestedSchema: { type: "object", properties: { [property]: { type } }, required: [property] },
  });

/**
 * The tools that run as tasks. `run` gets the arguments, `ask`, which waits for answers of the client, a signal, and
 * what the client answered before the task began. Only what is `optional` also runs without a task.
 */
const jobs = {
  slow_compute: {
    description: "Takes its time",
    inputSchema: z.object({ seconds: z.number(), label: z.string().optional() }),
    optional: true,
    async run({ seconds, label }, { signal }) {
      await sleep(seconds * 1000, undefined, { signal });
      return text(`${label ?? "It"} took ${seconds} s.`);
    },
  },
  failing_job: {
    description: "Fails after a moment",
    async run() {
      await sleep(POLL_MS);
      return { ...text("This job always fails."), isError: true };
    },
  },
  protocol_error_job: {
    description: "Ends with an error of the protocol",
    async run() {
      throw new Error("This job has no result.");
    },
  },
  confirm_delete: {
    description: "Asks before it deletes something",
    inputSchema: z.object({ filename: z.string() }),
    async run({ filename }, { ask }) {
      const { confirm } = await ask({ confirm: form(`Delete ${filename}?`, "confirm", "boolean") });
      return text(confirm.content?.confirm ? `Deleted ${filename}.` : `Kept ${filename}.`);
    },
  },
  multi_input: {
    description: "Asks two things at once",
    async run(_, { ask }) {
      const answers = await ask({ first: form("First name?", "name", "string"), second: form("Second name?", "name", "string") });
      return text(`${answers.first.content?.name} and ${answers.second.content?.name}`);
    },
  },
  test_tool_with_task: {
    description: "Asks for a name and then works on it",
    first: () => inputRequired({ inputRequests: { user_name: form("What is your name?", "name", "string") } }),
    async run(_, { answers }) {
      await sleep(POLL_MS);
      return text(`Worked for ${answers.user_name.content?.name}.`);
    },
  },
};

/** Declares the extension and lists its tools; the calls that reach the SDK are those that make no task. */
export function offerTasks(server) {
  server.server.registerCapabilities({ extensions: { [TASKS]: {} } });
  server.registerTool("greet", { description: "Says hello", inputSchema: z.object({ name: z.string() }) }, ({ name }) =>
    text(`Hello, ${name}!`));
  for (const [name, { description, inputSchema = z.object({}), first, run }] of Object.entries(jobs))
    server.registerTool(name, { description, inputSchema }, (args, ctx) => (first ? first() : run(args, ctx.mcpReq)));
}

const tasks = new Map();

/** The answer to a modern request that concerns tasks, or nothing if the SDK has to answer. */
export function answerOfTasks({ id, method, params }) {
  const meta = params?._meta;
  if (id === undefined || meta?.[PROTOCOL_VERSION_META_KEY] === undefined) return undefined;
  const declared = meta[CLIENT_CAPABILITIES_META_KEY]?.extensions?.[TASKS] !== undefined;
  const result = (value) => ({ jsonrpc: "2.0", id, result: { resultType: "complete", ...value } });
  const error = (code, message, data) => ({ jsonrpc: "2.0", id, error: { code, message, ...(data && { data }) } });
  const undeclared = () =>
    error(MISSING_CAPABILITY, "this needs tasks", { requiredCapabilities: { extensions: { [TASKS]: {} } } });

  if (method === "tools/call") {
    const job = Object.hasOwn(jobs, params.name) ? jobs[params.name] : undefined;
    if (job === undefined || (!declared && job.optional)) return undefined;
    if (!declared) return undeclared();
    if (job.first && params.inputResponses?.user_name === undefined) return undefined;
    const task = new Task(job, params);
    tasks.set(task.id, task);
    return result({ resultType: "task", ...task.summary() });
  }
  if (!["tasks/get", "tasks/update", "tasks/cancel"].includes(method)) return undefined;
  if (!declared) return undeclared();
  const task = tasks.get(params.taskId);
  if (task === undefined) return error(INVALID_PARAMS, "there is no such task");
  if (method === "tasks/get") return result(task.details());
  if (method === "tasks/update") task.update(params.inputResponses ?? {});
  if (method === "tasks/cancel") task.cancel();
  return result({});
}

class Task {
  id = randomUUID();
  #status = "working";
  #created = new Date().toISOString();
  #updated = this.#created;
  #outcome = {};
  #pending = {};
  #answered = {};
  #resume;
  #stop = new AbortController();

  constructor(job, params) {
    const context = {
      signal: this.#stop.signal,
      answers: params.inputResponses ?? {},
      ask: (requests) => {
        this.#pending = { ...requests };
        this.#become("input_required");
        return new Promise((resolve) => (this.#resume = resolve));
      },
    };
    Promise.resolve(job.run(params.arguments ?? {}, context)).then(
      (result) => this.#end("completed", { result: { resultType: "complete", ...result } }),
      (error) => this.#end("failed", { error: { code: INTERNAL_ERROR, message: error.message } }),
    );
  }

  summary() {
    return {
      taskId: this.id,
      status: this.#status,
      createdAt: this.#created,
      lastUpdatedAt: this.#updated,
      ttlMs: TTL_MS,
      pollIntervalMs: POLL_MS,
    };
  }

  details() {
    return {
      ...this.summary(),
      ...this.#outcome,
      ...(this.#status === "input_required" && { inputRequests: this.#pending }),
    };
  }

  update(responses) {
    if (this.#status !== "input_required") return;
    for (const [key, response] of Object.entries(responses))
      if (Object.hasOwn(this.#pending, key)) {
        this.#answered[key] = response;
        delete this.#pending[key];
      }
    if (Object.keys(this.#pending).length > 0) return;
    this.#become("working");
    this.#resume(this.#answered);
  }

  cancel() {
    this.#end("cancelled", {});
    this.#stop.abort();
  }

  #become(status) {
    this.#status = status;
    this.#updated = new Date().toISOString();
  }

  // The first end counts: what a cancelled job still does is of no interest.
  #end(status, outcome) {
    if (["completed", "failed", "cancelled"].includes(this.#status)) return;
    this.#outcome = outcome;
    this.#become(status);
  }
}

/** A transport that answers requests about tasks itself and leaves everything else to the SDK. */
export class TaskTransport {
  #inner;

  constructor(inner) {
    this.#inner = inner;
  }

  async start() {
    this.#inner.onclose = () => this.onclose?.();
    this.#inner.onerror = (error) => this.onerror?.(error);
    this.#inner.onmessage = (message, extra) => {
      const answer = answerOfTasks(message);
      if (answer) this.#inner.send(answer);
      else this.onmessage?.(message, extra);
    };
    await this.#inner.start();
  }

  send(message, options) {
    return this.#inner.send(message, options);
  }

  close() {
    return this.#inner.close();
  }
}

/** The same for a handler of modern requests over HTTP. */
export function withTasks(fetch) {
  return async (request) => {
    const body = request.method === "POST" ? await request.clone().json().catch(() => undefined) : undefined;
    // Headers that do not fit are for the SDK to refuse.
    const header = (name) => request.headers.get(name);
    const fits = header("mcp-method") === body?.method && header("mcp-name") === (body?.params?.taskId ?? body?.params?.name);
    const answer = fits ? answerOfTasks(body) : undefined;
    if (answer === undefined) return fetch(request);
    return Response.json(answer, { status: answer.error?.code === MISSING_CAPABILITY ? 400 : 200 });
  };
}
