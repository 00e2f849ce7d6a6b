// Adding a server: by the name of its package, from pasted JSON, or by hand.
import { get, path, post, put } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { entryForm } from "../lib/entry-form.js";
import { icon } from "../lib/icons.js";
import { field, head, notice, tabs } from "../lib/parts.js";
import { go, guard, setQuery } from "../lib/router.js";
import { testButton } from "../lib/test-server.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";
import { packageTab } from "./add-package.js";
import { pasteTab } from "./add-paste.js";

export async function show(view, { query, signal, session }) {
  const { servers, etag } = await get("/servers", { signal });
  const context = { signal, session, etag, taken: new Set(servers.map((one) => one.name)) };
  const place = h("div");
  fill(view, head("Add a server", "A server is a program that gives tools to AI clients. Nothing is saved or started before you say so."),
    session.features.writable ? null : notice("warn", h("p", null, "The hub was started without a configuration file that it may write, so nothing can be saved.")), place);
  fill(place, tabs("Ways to add a server", [
    ["package", "By name", (panel) => packageTab(panel, context)],
    ["paste", "Paste JSON", (panel) => pasteTab(panel, context)],
    ["hand", "By hand", (panel) => fill(panel, newEntry({ name: "", entry: {} }, context))],
  ], query.get("tab") ?? "package", (key) => setQuery({ tab: key === "package" ? "" : key })).view);
}

/** The form of a new server, with what is known of it already. */
export function newEntry({ name, entry, command }, context, ...above) {
  let dirty = false;
  const input = h("input", { value: name, required: true, spellcheck: "false", autocapitalize: "none", placeholder: "time", on: { input: () => { dirty = true; } } });
  const form = entryForm(entry, { onChange: () => { dirty = true; } });
  const problems = h("div", { "aria-live": "assertive" });
  const wrong = () => [
    ...(input.value.trim() === "" ? ["The name is empty"] : context.taken.has(input.value.trim()) ? [`There is a server ${input.value.trim()} already`] : []),
    ...form.problems(),
  ];
  const test = testButton(() => undefined, form.read, form.problems);
  guard(() => dirty, context.signal);
  const submit = async (event) => {
    event.preventDefault();
    const list = wrong();
    fill(problems, list.length > 0 ? notice("bad", list.map((line) => h("p", null, line))) : null);
    if (list.length > 0) return;
    const to = input.value.trim();
    try {
      const answer = await write((etag) => put(path("servers", to), form.read(), { etag }), context.etag);
      if (!answer) return;
      dirty = false;
      saved(answer.applied, `${to} is added.`);
      await go(form.read().installCommands ? `/install?server=${encodeURIComponent(to)}` : `/servers/${encodeURIComponent(to)}`, { force: true });
    } catch (error) {
      fail(error);
    }
  };
  return h("form", { class: "card stack", novalidate: true, on: { submit, input: () => fill(problems) } },
    above,
    command ? h("div", { class: "stack-small" }, h("h3", null, "What will run"), h("pre", { class: "block", tabindex: "0" }, command), h("p", { class: "muted small" }, "It runs on the machine of the hub, with the rights of the hub. Add it only if you trust where it comes from.")) : null,
    field("Name", input, "Short, because names of its tools begin with it. Letters, digits, - and _ are safe everywhere."),
    form.view, problems, test.result,
    h("div", { class: "row" }, h("button", { type: "submit", class: "primary", disabled: !context.session.features.writable }, icon("add"), "Add and start"), test.button));
}
