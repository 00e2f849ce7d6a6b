// A hub with its pages, in a folder of its own.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const here = path.dirname(fileURLToPath(import.meta.url));
const PROGRAM = process.env.MCP_HUB ?? path.join(here, "../../target/debug/mcp-hub");
const PASSWORD = "correct horse battery";
export const EVERYTHING = path.join(here, "../peers/node_modules/@modelcontextprotocol/server-everything/dist/index.js");

const CONFIG = (folder) => `{
  // This comment has to survive everything that the pages do.
  "mcpServers": {
    "files": {
      "command": ${JSON.stringify(process.execPath)},
      "args": [${JSON.stringify(path.join(here, "../peers/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js"))}, ${JSON.stringify(folder)}],
      "env": { "SECRET_TOKEN": "not-to-be-seen" },
      "note": "a key that nobody knows"
    },
    "built": {
      "command": ${JSON.stringify(process.execPath)},
      "args": ["-e", "process.exit(3)"],
      "disabled": true,
      "installDirectory": ${JSON.stringify(path.join(folder, "built"))},
      "installCommands": [
        ["sh", "-c", "echo first line; sleep 1; echo second line >&2"],
        ["mkdir", "built"]
      ]
    }
  }
}
`;

/** Starts it and waits until both listeners are there. */
export async function startHub() {
  if (!existsSync(PROGRAM)) throw new Error(`${PROGRAM} is not there; build it with \`cargo build -p mcp-hub\``);
  const directory = await mkdtemp(path.join(tmpdir(), "mcp-hub-pages-"));
  const config = path.join(directory, "mcp-hub.json");
  await writeFile(config, CONFIG(directory));
  const child = spawn(PROGRAM, ["--config", config, "--port", "0", "--admin", "--admin-address", "127.0.0.1:0", "--admin-terminal"], {
    cwd: directory, env: { ...process.env, ADMIN_PASSWORD: PASSWORD, TOOLS_FOLDER: directory, NO_COLOR: "1" }, stdio: ["ignore", "ignore", "pipe"],
  });
  let words = "";
  child.stderr.on("data", (data) => { words += data; });
  const ended = new Promise((resolve) => child.once("exit", resolve));
  const found = async (pattern) => {
    for (let left = 200; left > 0; left -= 1) {
      const match = pattern.exec(words);
      if (match) return match[1];
      if (child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`the hub does not say ${pattern}:\n${words}`);
  };
  const admin = await found(/pages are at (http:\/\/[\d.]+:\d+)/);
  const mcp = await found(/(http:\/\/127\.0\.0\.1:\d+)\/mcp/);
  return {
    admin, mcp, password: PASSWORD, directory, config,
    words: () => words.split("\n").slice(-30).join("\n"),
    all: () => words,
    text: () => readFile(config, "utf8"),
    async stop({ keep = false } = {}) {
      child.kill("SIGTERM");
      await ended;
      if (!keep) await rm(directory, { recursive: true, force: true });
    },
  };
}
