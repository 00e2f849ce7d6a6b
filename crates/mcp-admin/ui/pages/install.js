// Servers that must be downloaded or built first: what would run, live output, cancel.
import { del, get, path, post, stream } from "../lib/api.js";
import { open } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { ago } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { logView } from "../lib/log-view.js";
import { badge, empty, head, notice } from "../lib/parts.js";
import { onStatus } from "../lib/status.js";
import { done, fail } from "../lib/toast.js";

const STATES = { missing: ["warn", "Not installed", "warn"], installed: ["ok", "Installed", "check"], running: ["busy", "Running", null], failed: ["bad", "Failed", "error"], cancelled: ["off", "Cancelled", "stop"] };

export async function show(view, { query, signal }) {
  const place = h("div", { class: "stack" });
  fill(view, head("Install", "Some servers must be downloaded or built before they can run. Their commands run here, once you have seen them.", h("a", { class: "button primary", href: "/add" }, icon("add"), "Add a server")), place);
  const cards = new Map();
  const reload = async () => {
    const { installs } = await get("/installs", { signal });
    if (installs.length === 0) return fill(place, empty("Nothing to install", "No server of the configuration says that it must be installed first. One that runs by npx, uvx or docker needs no installation: those download what they need.", h("a", { class: "button primary", href: "/add" }, icon("add"), "Add a server")));
    for (const [name, card] of cards) if (!installs.some((one) => one.server === name)) card.end();
    const wanted = query.get("server");
    for (const one of installs) {
      if (!cards.has(one.server)) cards.set(one.server, installCard(one, { signal, reload, first: one.server === wanted }));
      cards.get(one.server).draw(one);
    }
    fill(place, installs.map((one) => cards.get(one.server).view));
  };
  await reload();
  let words = "";
  onStatus(({ servers }) => {
    const now = JSON.stringify(servers.map((one) => [one.name, one.install]));
    if (words !== "" && words !== now) reload().catch(() => {});
    words = now;
  }, signal);
}

function installCard(start, { signal, reload, first }) {
  const { server } = start;
  const where = `/installs${path(server)}`;
  const state = h("span", { role: "status" });
  const facts = h("p", { class: "muted small" });
  const error = h("div");
  const buttons = h("div", { class: "row" });
  const commands = h("ol", { class: "commands" });
  const log = logView(`Output of the installation of ${server}`, { stamps: false });
  const output = h("details", { class: "stack-small" }, h("summary", null, "Output"), log.view);
  const own = new AbortController();
  signal.addEventListener("abort", () => own.abort(), { once: true });
  let watching = false;
  // What an earlier run of the hub has installed has left no output.
  let hasRun = false;
  const watch = () => {
    output.open = true;
    if (watching || !hasRun) return;
    watching = true;
    log.clear();
    const line = (source) => ({ text, at }) => log.add({ at, source, text });
    listen(stream(`${where}/events`), { info: line("state"), stdout: line("stdout"), stderr: line("stderr"), done: () => { watching = false; reload().catch(() => {}); return "end"; } }, { signal: own.signal, onState: (on) => on && log.clear() });
  };
  output.addEventListener("toggle", () => output.open && watch());
  const run = async (now) => {
    const sure = await open({
      title: `Run the installation of ${server}?`,
      wide: true,
      build: (close) => ({
        body: [h("p", null, "These commands run on the machine of the hub, with the rights of the hub. Run them only if you trust where they come from."), commandList(now.commands), h("p", { class: "muted small" }, "Folder of the server: ", h("code", null, now.directory))],
        actions: [h("button", { type: "button", autofocus: true, on: { click: () => close() } }, "Do not run"), h("button", { type: "button", class: "primary", on: { click: () => close(true) } }, icon("start"), "Run them")],
      }),
    });
    if (!sure) return;
    try {
      watching = false;
      hasRun = true;
      draw(await post(where, { digest: now.digest }));
      watch();
    } catch (problem) {
      fail(problem);
      reload().catch(() => {});
    }
  };
  const cancel = async () => {
    try {
      await del(where);
      done("The installation is being cancelled.");
    } catch (problem) {
      fail(problem);
    }
  };
  const draw = (now) => {
    hasRun = Boolean(now.startedAt);
    const [kind, word, sign] = STATES[now.state] ?? ["off", now.state, "info"];
    fill(state, badge(kind, word, sign ? icon(sign) : h("span", { class: "dot" })));
    fill(facts, "Folder ", h("code", null, now.directory), now.endedAt ? `, ended ${ago(now.endedAt)}` : now.startedAt ? `, begun ${ago(now.startedAt)}` : "", now.exitCode === null || now.exitCode === undefined ? "" : `, exit code ${now.exitCode}`);
    fill(error, now.error ? notice("bad", h("p", null, now.error)) : null);
    fill(commands, commandItems(now.commands));
    output.hidden = !hasRun;
    fill(buttons, now.state === "running"
      ? h("button", { type: "button", on: { click: cancel } }, icon("stop"), "Cancel")
      : now.commands.length > 0 ? h("button", { type: "button", class: now.state === "missing" ? "primary" : "", on: { click: () => run(now) } }, icon("start"), now.state === "missing" ? "Look and install" : "Run again") : null);
    if (now.state === "running") watch();
  };
  const view = h("section", { class: "card stack", "aria-label": `Installation of ${server}` },
    h("div", { class: "card-head" }, h("div", { class: "row" }, h("h2", null, h("a", { href: `/servers/${encodeURIComponent(server)}` }, server)), state), buttons),
    facts, error, commands, output);
  if (first) requestAnimationFrame(() => { output.open = true; view.scrollIntoView({ block: "start" }); });
  return { view, draw, end: () => own.abort() };
}

const commandItems = (commands) => (commands.length > 0 ? commands.map((one) => h("li", null, h("code", null, one.text), one.shell ? [" ", badge("warn", "by a shell", icon("warn"))] : null)) : h("li", { class: "muted plain" }, "No commands: the folder only has to be there."));
const commandList = (commands) => h("ol", { class: "commands" }, commandItems(commands));
