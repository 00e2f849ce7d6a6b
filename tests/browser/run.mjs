// Starts a hub with its pages and a browser, does the tasks in their order, and sums up.
import { mkdir } from "node:fs/promises";
import { parseArgs } from "node:util";

import { openBrowser } from "./browser.mjs";
import { startHub } from "./hub.mjs";
import { accessibility } from "./access.mjs";
import { security } from "./security.mjs";
import { shots } from "./shots.mjs";
import { tasks } from "./tasks.mjs";

const HELP = `Uses the pages of mcp-hub in a real browser.

  run                     every task, the accessibility check, the security check
  run --only WORDS        only what has these words in its name, besides logging in
  run --shots DIRECTORY   pictures of every page besides
  run --keep              leave hub and browser running until Enter is pressed

MCP_HUB is the program (default target/debug/mcp-hub), CHROMIUM the browser (default /usr/bin/chromium).`;

const { values } = parseArgs({ options: { only: { type: "string" }, shots: { type: "string" }, keep: { type: "boolean" }, help: { type: "boolean" } } });
if (values.help) {
  console.log(HELP);
  process.exit(0);
}

const LONGEST = 150_000;
const started = Date.now();
const hub = await startHub();
const browser = await openBrowser();
const world = { hub, browser };
const results = [];

async function run(name, action) {
  const begin = Date.now();
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${LONGEST / 1000} s`)), LONGEST);
  });
  try {
    const note = await Promise.race([action(world), late]);
    results.push({ name, ok: true });
    console.log(`ok    ${name}${note ? `: ${note}` : ""} (${Date.now() - begin} ms)`);
  } catch (error) {
    results.push({ name, ok: false });
    console.log(`FAIL  ${name}\n${String(error.stack ?? error).replace(/^/gm, "      ")}`);
    await world.page?.screenshot({ path: `${hub.directory}/failed.png` }).then(() => console.log(`      picture: ${hub.directory}/failed.png`), () => {});
  } finally {
    clearTimeout(timer);
  }
}

const chosen = [...tasks, ...accessibility, ...security];
const last = chosen.filter((one) => one.last);
let failed = 1;
try {
  if (values.shots) await mkdir(values.shots, { recursive: true });
  for (const { name, action, always } of chosen.filter((one) => !one.last)) {
    if (!values.only || always || name.includes(values.only)) await run(name, action);
  }
  if (values.shots) await run("pictures of every page", () => shots(world, values.shots));
  for (const { name, action } of last) if (!values.only) await run(name, action);
  await run("no page has logged an error", async () => {
    if (browser.complaints.length > 0) throw new Error(browser.complaints.join("\n"));
  });
  failed = results.filter((one) => !one.ok).length;
  if (failed > 0) console.log(`the hub's last words:\n${hub.words().replace(/^/gm, "      ")}`);
  if (values.keep) {
    console.log(`${hub.admin} is there, password ${hub.password}; Enter ends it`);
    await new Promise((resolve) => process.stdin.once("data", resolve));
  }
} finally {
  await world.client?.close().catch(() => {});
  await browser.close();
  await hub.stop({ keep: failed > 0 });
}
console.log(`browser: ${results.length - failed} passed, ${failed} failed, ${Math.round((Date.now() - started) / 1000)} s`);
process.exit(failed > 0 ? 1 : 0);
