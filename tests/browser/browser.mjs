// The browser: Debian's Chromium with nothing of its own going on, and what its pages complain about.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

import { chromium } from "playwright-core";

const QUIET = [
  "--no-sandbox", "--headless=new", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync",
];

export async function openBrowser() {
  const profile = await mkdtemp(path.join(tmpdir(), "mcp-browser-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: QUIET, headless: true, viewport: { width: 1280, height: 860 }, permissions: ["clipboard-read", "clipboard-write"],
  });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  const expected = [];
  const complain = (text) => {
    if (!expected.some((pattern) => pattern.test(text))) complaints.push(text);
  };
  context.on("console", (message) => message.type() === "error" && complain(`${message.page()?.url()}: ${message.text()}`));
  context.on("weberror", (error) => complain(`${error.page()?.url()}: ${error.error().stack}`));
  return {
    context, complaints,
    /** Runs something that makes pages complain in this way, which is no failure then. */
    async expecting(pattern, action) {
      expected.push(pattern);
      try {
        return await action();
      } finally {
        // What the browser has to say of it may come a little later.
        await new Promise((resolve) => setTimeout(resolve, 50));
        expected.pop();
      }
    },
    async close() {
      await context.close();
      await rm(profile, { recursive: true, force: true });
    },
  };
}

/** Waits until a question has this answer. */
export async function until(what, ask, milliseconds = 15_000) {
  const end = Date.now() + milliseconds;
  let last;
  while (Date.now() < end) {
    try {
      last = await ask();
      if (last) return last;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`${what}: not within ${milliseconds} ms; last: ${last}`);
}
