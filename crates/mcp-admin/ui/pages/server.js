// One server: its state, its log, its tools and its settings.
import { del, get, path, post, put, stream } from "../lib/api.js";
import { ask, open } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { entryForm } from "../lib/entry-form.js";
import { listen } from "../lib/events.js";
import { ago, took } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { logView } from "../lib/log-view.js";
import { empty, field, notice, sparkline, stateBadge, tabs } from "../lib/parts.js";
import { go, guard, setQuery } from "../lib/router.js";
import { onStatus } from "../lib/status.js";
import { testButton } from "../lib/test-server.js";
import { done, fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";
import { kindName, lastUse } from "./overview.js";
import { itemTable } from "./tools.js";

export async function show(view, { params, query, signal, session }) {
  const { name } = params;
  const where = path("servers", name);
  let server = await get(where, { signal });
  const top = h("div", { class: "stack", "aria-live": "polite" });
  const act = (word, text) => async (event) => {
    const button = event.currentTarget;
    button.disabled = true;
    try {
      await post(`${where}/${word}`);
      done(text);
    } catch (error) {
      fail(error);
    }
    button.disabled = false;
  };
  const buttons = h("div", { class: "row" });
  const draw = (now) => {
    const running = !["stopped", "error"].includes(now.state);
    const words = `${running} ${now.disabled}`;
    if (buttons.dataset.words !== words) {
      buttons.dataset.words = words;
      fill(buttons, now.disabled ? null : [
        running ? h("button", { type: "button", on: { click: act("restart", `${name} is being restarted.`) } }, icon("restart"), "Restart") : h("button", { type: "button", class: "primary", on: { click: act("start", `${name} is being started.`) } }, icon("start"), "Start"),
        running ? h("button", { type: "button", on: { click: act("stop", `${name} is being stopped. Only a start by hand starts it again.`) } }, icon("stop"), "Stop") : null,
      ]);
    }
    fill(top,
      now.error && now.state !== "running" ? notice("bad", h("p", null, h("strong", null, "Last error "), now.errorAt ? `(${ago(now.errorAt)})` : ""), h("p", { class: "mono" }, now.error)) : null,
      now.lists === "stale" && now.state !== "error" ? notice("warn", h("p", null, `Its lists are from earlier: ${now.listsReason ?? "it does not answer now"}.`)) : null,
      now.install && now.install !== "installed" ? notice("warn", h("p", null, now.install === "running" ? "It is being installed. " : "It is not installed. ", h("a", { href: `/install?server=${encodeURIComponent(name)}` }, "Go to its installation"))) : null,
      h("dl", { class: "figures" },
        figure("calls", now.calls ?? 0), figure("failed", now.errors ?? 0), figure("typical time", took(now.p50)), figure("slowest 5 %", took(now.p95)),
        figure("last used", lastUse(now)), figure("restarts", now.restarts ?? 0),
        h("div", null, h("dt", null, "last 5 minutes"), h("dd", null, sparkline(now.sparkline, "Time of a call over the last 5 minutes")))));
  };
  const state = h("span");
  onStatus(({ servers }) => {
    const now = servers.find((one) => one.name === name);
    if (now) server = { ...server, ...now };
    fill(state, stateBadge(server));
    draw(server);
  }, signal);
  const pages = tabs("Parts of the server", [
    ["log", "Log", (place) => logTab(place, name, signal)],
    ["tools", "Tools and more", (place) => toolsTab(place, name, signal)],
    ["settings", "Settings", (place) => settingsTab(place, name, { signal, session })],
  ], query.get("tab") ?? "log", (key) => setQuery({ tab: key === "log" ? "" : key }));
  fill(view,
    h("header", { class: "spread" },
      h("div", { class: "page-head" }, h("p", { class: "small" }, h("a", { href: "/" }, "Overview"), " / server"), h("h1", null, name), h("div", { class: "row" }, state, h("span", { class: "muted" }, kindName(server.kind)))),
      buttons),
    top, pages.view);
}

const figure = (label, value) => h("div", null, h("dt", null, label), h("dd", null, value));

function logTab(place, name, signal) {
  const log = logView(`Log of ${name}`);
  fill(place, h("p", { class: "muted" }, "What the server writes to its error output, and when its state changes. New lines appear at the end."), log.view);
  listen(stream(`${path("servers", name)}/log/events`), { line: log.add }, { signal, onState: (on) => on && log.clear() });
}

async function toolsTab(place, name, signal) {
  fill(place, h("p", { class: "muted" }, "Asking…"));
  try {
    const { items } = await get("/tools", { signal });
    const own = items.filter((item) => item.server === name);
    fill(place, own.length > 0 ? itemTable(own, { withServer: false }) : empty("Nothing known of it yet", "A server tells what it offers once it runs. Start it, and its tools appear here."));
  } catch (error) {
    if (error.name !== "AbortError") fill(place, notice("bad", error.message));
  }
}

async function settingsTab(place, name, context) {
  const where = path("servers", name);
  const { signal, session } = context;
  const load = async () => {
    const { entry, etag } = await get(where, { signal });
    let dirty = false;
    const off = entry.disabled === true || entry.active === false || entry.active === "false" || entry.enabled === false;
    const changed = () => { dirty = true; save.disabled = !session.features.writable; };
    const enabled = h("input", { type: "checkbox", class: "switch", role: "switch", checked: !off, on: { change: changed } });
    const form = entryForm(entry, { onChange: changed });
    const read = () => {
      const into = form.read();
      if (enabled.checked !== !off) {
        for (const key of ["active", "enabled", "disabled"]) delete into[key];
        if (!enabled.checked) into.disabled = true;
      }
      return into;
    };
    const test = testButton(() => name, read, form.problems);
    const problems = h("div", { "aria-live": "assertive" });
    const save = h("button", { type: "submit", class: "primary", disabled: true }, "Save and apply");
    const submit = async (event) => {
      event.preventDefault();
      const wrong = form.problems();
      fill(problems, wrong.length > 0 ? notice("bad", wrong.map((line) => h("p", null, line))) : null);
      if (wrong.length > 0) return;
      try {
        const answer = await write((tag) => put(where, read(), { etag: tag }), etag, load);
        if (!answer) return;
        dirty = false;
        saved(answer.applied, `${name} is saved.`);
        await load();
      } catch (error) {
        fail(error);
      }
    };
    guard(() => dirty, signal);
    const known = h("details", null, h("summary", null, "The entry as it stands in the file"), h("pre", { class: "block", tabindex: "0" }, JSON.stringify(entry, null, 2)));
    fill(place, h("form", { class: "stack card", on: { submit, input: () => fill(problems) } },
      h("label", { class: "check" }, enabled, h("span", null, "Switched on")), form.view, known, problems, test.result,
      h("div", { class: "row" }, save, test.button, 
        h("button", { type: "button", class: "push", on: { click: () => rename(name, etag) } }, icon("edit"), "Rename"),
        h("button", { type: "button", class: "danger", on: { click: () => remove(name, etag, () => { dirty = false; }) } }, icon("trash"), "Delete"))));
  };
  try {
    await load();
  } catch (error) {
    if (error.name !== "AbortError") fill(place, notice("bad", error.message));
  }
}

async function rename(name, etag) {
  const input = h("input", { value: name, autofocus: true, spellcheck: "false" });
  const to = await open({
    title: `Rename ${name}`,
    build: (close) => ({
      body: h("form", { id: "rename", class: "stack", on: { submit: (event) => { event.preventDefault(); close(input.value.trim()); } } }, field("New name", input, "Names of its tools begin with it, so clients will see other names. Its rules and groups keep working only where they name it by a pattern.")),
      actions: [h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button", { type: "submit", form: "rename", class: "primary" }, "Rename")],
    }),
  });
  if (!to || to === name) return;
  try {
    const answer = await write((tag) => post(`${path("servers", name)}/rename`, { name: to }, { etag: tag }), etag);
    if (!answer) return;
    saved(answer.applied, `${name} is now ${to}.`);
    await go(`/servers/${encodeURIComponent(to)}`, { replace: true, force: true });
  } catch (error) {
    fail(error);
  }
}

async function remove(name, etag, settled) {
  if (!(await ask({ title: `Delete ${name}?`, text: "It is stopped, and its entry is taken out of the configuration. The history on the page Configuration can bring it back.", yes: "Delete it", danger: true }))) return;
  try {
    const answer = await write((tag) => del(path("servers", name), { etag: tag }), etag);
    if (!answer) return;
    settled();
    saved(answer.applied, `${name} is deleted.`);
    await go("/", { force: true });
  } catch (error) {
    fail(error);
  }
}
