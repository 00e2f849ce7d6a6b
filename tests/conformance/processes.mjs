// Starts and ends what a run needs: the test server and one of our programs.
import { spawn } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const START_MS = 20_000;
const STOP_MS = 10_000;

const file = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The command of the test server. */
export const serverCommand = (era) => ({ command: process.execPath, args: [file("server.mjs"), "--eras", era] });

/** A child process that is ended with `end()`, and what it wrote so far. */
export class Child {
  output = "";
  #process;
  #closed;

  constructor(command, args, options = {}) {
    this.#process = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], ...options });
    this.#closed = new Promise((resolve) => {
      this.#process.once("close", resolve);
      this.#process.once("error", (error) => {
        this.output += `${error}\n`;
        resolve();
      });
    });
    for (const stream of [this.#process.stdout, this.#process.stderr])
      stream.setEncoding("utf8").on("data", (chunk) => (this.output += chunk));
  }

  /** Waits until what it wrote matches, or says what it wrote instead. */
  async says(pattern) {
    const limit = Date.now() + START_MS;
    for (;;) {
      const match = this.output.match(pattern);
      if (match) return match;
      const state = await Promise.race([this.#closed.then(() => "has ended"), sleep(20, "runs")]);
      if (state === "has ended" || Date.now() > limit) throw new Error(`no ${pattern} from a process that ${state}:\n${this.output}`);
    }
  }

  /** Waits for its end, `limitMs` at most; false if it had to be ended. */
  async ended(limitMs) {
    const stop = new AbortController();
    const inTime = await Promise.race([
      this.#closed.then(() => true),
      sleep(limitMs, false, { signal: stop.signal }).catch(() => false),
    ]);
    stop.abort();
    if (!inTime) await this.end();
    return inTime;
  }

  async end() {
    this.#process.kill("SIGTERM");
    const stop = new AbortController();
    const grace = sleep(STOP_MS, "late", { signal: stop.signal }).catch(() => {});
    if ((await Promise.race([this.#closed, grace])) === "late") this.#process.kill("SIGKILL");
    stop.abort();
    await this.#closed;
  }
}

/** Starts the test server over HTTP; gives its URL. */
async function overHttp(era) {
  const { command, args } = serverCommand(era);
  const child = new Child(command, [...args, "--http", "0"]);
  try {
    return { child, url: (await child.says(/^(http:\S+)$/m))[1] };
  } catch (error) {
    await child.end();
    throw error;
  }
}

/** Starts one of our programs with a server `t`; gives the URL where it offers that. */
export async function proxy(front, entry, binaries) {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  const config = join(folder, "config.json");
  await writeFile(config, JSON.stringify({ mcpServers: { t: entry }, ...front.more }));
  // The folder has neither other settings nor a place for state that a run could find from the one before.
  const child = new Child(join(binaries, front.program), ["--config", config, "--port", "0"], { cwd: folder });
  const end = async () => {
    await child.end();
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const [, origin] = await child.says(/is ready: [^\n]*?(http:\/\/[^/\s]+)\//);
    await ready(origin);
    return { url: origin + front.path, output: () => child.output, end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** Waits until the servers of one of our programs have been tried. */
async function ready(origin) {
  const limit = Date.now() + START_MS;
  for (;;) {
    const response = await fetch(`${origin}/health/ready`);
    await response.arrayBuffer();
    if (response.status !== 503 || Date.now() > limit) return;
    await sleep(50);
  }
}

/** Starts what stands behind and before for a run; gives the URL to test, and `end()`. */
export async function stand(front, era, binaries) {
  const back = front.back === "http" ? await overHttp(era) : undefined;
  if (!front.program) return { url: back.url, output: () => back.child.output, end: () => back.child.end() };
  try {
    const before = await proxy(front, back ? { url: back.url } : serverCommand(era), binaries);
    return {
      url: before.url,
      output: before.output,
      async end() {
        await before.end();
        await back?.child.end();
      },
    };
  } catch (error) {
    await back?.child.end();
    throw error;
  }
}

