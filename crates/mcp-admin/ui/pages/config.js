// The configuration file as a text: check, difference before it counts, history.
import { get, post, put } from "../lib/api.js";
import { diffView } from "../lib/diff.js";
import { open } from "../lib/dialog.js";
import { calm, fill, h } from "../lib/dom.js";
import { editor } from "../lib/editor.js";
import { icon } from "../lib/icons.js";
import { head, notice, tabs } from "../lib/parts.js";
import { guard, setQuery } from "../lib/router.js";
import { onConfig } from "../lib/status.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";
import { historyTab } from "./history.js";
import { schemaHelp } from "../lib/schema-help.js";

export async function show(view, { query, signal, session }) {
  const place = h("div");
  fill(view, head("Configuration", "The file that everything else on these pages writes to. Comments and keys that the hub does not know stay. Secrets are shown as ***; leave them so, and they stay as they are."), place);
  const pages = tabs("Parts of the configuration", [
    ["file", "File", (panel) => fileTab(panel, { signal, session })],
    ["history", "History", (panel) => historyTab(panel, { signal, session })],
  ], query.get("tab") ?? "file", (key) => setQuery({ tab: key === "file" ? "" : key }));
  fill(place, pages.view);
}

async function fileTab(panel, context) {
  try {
    const help = await schemaHelp();
    await draw(panel, context, help);
  } catch (error) {
    if (error.name !== "AbortError") fill(panel, notice("bad", h("p", null, error.message)));
  }
}

async function draw(panel, context, help) {
  const { signal, session } = context;
  let page = await get("/config", { signal });
  const said = h("div", { class: "stack-small", "aria-live": "polite" });
  const news = h("div", { "aria-live": "polite" });
  const state = h("span", { class: "muted", role: "status" });
  const apply = h("button", { type: "button", class: "primary", disabled: true }, "See the difference and apply");
  const writable = page.writable !== false && session.features.writable !== false;
  let checked = null;
  const field = editor(page.text, { label: "Configuration file", readOnly: !writable, onChange: () => { state.textContent = dirty() ? "Not saved" : ""; check(); }, onMove: (at) => help.show(field.text(), at) });
  const dirty = () => field.text() !== page.text;
  const look = async () => {
    const text = field.text();
    try {
      checked = await post("/config/check", { text }, { signal });
    } catch (error) {
      if (error.name !== "AbortError") fail(error);
      return;
    }
    if (text !== field.text()) return;
    const list = checked.diagnostics ?? [];
    const errors = list.filter((one) => one.severity === "error");
    field.mark(list);
    apply.disabled = !writable || !dirty() || errors.length > 0;
    fill(said, list.map((one) => diagnostic(one, field)), list.length === 0 && dirty() ? h("p", { class: "text-ok" }, icon("check"), " Nothing wrong with it.") : null);
  };
  const check = calm(350, look);
  let asked = 0;
  const reload = async () => {
    asked += 1;
    const mine = asked;
    const now = await get("/config", { signal });
    // Changes can follow each other quickly, and an older answer may come last.
    if (mine !== asked) return;
    page = now;
    field.set(page.text);
    state.textContent = "";
    fill(news, problem(page));
    await look();
  };
  apply.addEventListener("click", async () => {
    await look();
    if (apply.disabled) return;
    const sure = await open({
      title: "This will change",
      wide: true,
      build: (close) => ({ body: [diffView(checked.diff, "Only spaces or comments."), h("p", { class: "muted" }, "Servers that change are restarted; the others keep running.")], actions: [h("button", { type: "button", on: { click: () => close() } }, "Go on editing"), h("button", { type: "button", class: "primary", autofocus: true, on: { click: () => close(true) } }, "Apply")] }),
    });
    if (!sure) return;
    try {
      const answer = await write((etag) => put("/config", { text: field.text() }, { etag }), page.etag, reload);
      if (!answer) return;
      saved(answer.applied, "The configuration is saved and in force.");
      await reload();
    } catch (error) {
      if (error.body?.diagnostics) {
        field.mark(error.body.diagnostics);
        fill(said, error.body.diagnostics.map((one) => diagnostic(one, field)));
      }
      fail(error);
    }
  });
  guard(dirty, signal);
  onConfig((now) => {
    if (now.etag === page.etag && Boolean(now.problem) === Boolean(page.problem)) return;
    if (!dirty()) return void reload().catch(fail);
    fill(news, notice("warn", h("p", null, "The file has been changed by somebody else meanwhile. You will see the difference when you apply yours."), h("div", null, h("button", { type: "button", class: "small-button", on: { click: () => reload().catch(fail) } }, "Drop mine and load it"))));
  }, signal);
  fill(panel, news,
    writable ? null : notice("info", h("p", null, "It can be read here, but not changed: the hub was started without a file that it may write.")),
    h("div", { class: "config" },
      h("div", { class: "stack" }, h("p", { class: "muted small mono" }, page.path), field.view, h("div", { class: "stack-small config-foot" }, said, h("div", { class: "row" }, apply, h("button", { type: "button", on: { click: () => reload().catch(fail) } }, "Load again"), state))),
      help.view));
  fill(news, problem(page));
  if (page.problem) await look();
}

function problem({ problem: text }) {
  if (!text) return null;
  return notice("bad", h("p", null, h("strong", null, "The file on disk cannot be used; the last good configuration stays in force.")), h("p", { class: "mono small" }, typeof text === "string" ? text : text.message ?? JSON.stringify(text)));
}

function diagnostic({ severity, line, column, message }, field) {
  const bad = severity === "error";
  return h("p", { class: "row diagnostic" }, h("span", { class: bad ? "text-bad" : "text-warn" }, icon(bad ? "error" : "warn", bad ? "Error" : "Warning")), line ? h("button", { type: "button", class: "link nowrap", on: { click: () => field.goTo(line, column) } }, `line ${line}${column ? `, column ${column}` : ""}`) : null, h("span", { class: "grow" }, message));
}
