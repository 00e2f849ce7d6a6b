// One tool, prompt or resource: what clients see of it, beside what its server says, and trying it.
import { del, get, path, post, put } from "../lib/api.js";
import { around, compare, diffView } from "../lib/diff.js";
import { ask } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { notice, tabs } from "../lib/parts.js";
import { guard, setQuery } from "../lib/router.js";
import { ruleForm } from "../lib/rule-form.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";
import { tryIt } from "./try.js";
import { KINDS, marks, rulePath } from "./tools.js";

export async function show(view, { params, query, signal, session }) {
  const find = async () => {
    const { items, etag } = await get("/tools", { signal });
    const item = items.find((one) => one.server === params.server && one.kind === params.kind && one.key === params.key);
    if (!item) throw Object.assign(new Error("No server offers this, and there is no rule for it."), { status: 404 });
    return { item, etag };
  };
  let chosen = query.get("tab") ?? "change";
  const draw = async () => {
    const { item, etag } = await find();
    const name = item.exposed ?? item.key;
    const panels = [["change", "What clients see", (place) => changeTab(place, item, etag, { signal, session, draw })]];
    panels.push(["definition", "Definitions", (place) => definitionTab(place, item)]);
    if (item.kind === "tool" && item.own) panels.unshift(["try", "Try it", (place) => tryIt(place, item, signal)]);
    const pages = tabs(`Parts of ${name}`, panels, chosen, (key) => {
      chosen = key;
      setQuery({ tab: key });
    });
    fill(view,
      h("header", { class: "page-head" },
        h("p", { class: "small" }, h("a", { href: "/tools" }, "Tools"), " / ", h("a", { href: `/servers/${encodeURIComponent(item.server)}` }, item.server), ` / ${KINDS[item.kind].toLowerCase()}`),
        h("h1", { class: "mono" }, name),
        h("div", { class: "row" }, marks(item)),
        h("p", { class: "lead clamp-more" }, (item.seen ?? item.own)?.description ?? "")),
      item.missing ? notice("warn", h("p", null, "There is a rule for this, but the server offers nothing of this name now. Perhaps it has another name since an update, or the server does not run.")) : null,
      item.changed ? changedNotice(item, draw) : null,
      pages.view);
  };
  await draw();
}

function changedNotice(item, draw) {
  const approve = h("button", { type: "button", class: "primary", on: { click: async () => {
    try {
      await post(`/tools${path(item.server, item.key)}/approve`);
      saved(null, "The new definition is approved.");
      await draw();
    } catch (error) {
      fail(error);
    }
  } } }, icon("check"), "Approve the new definition");
  const before = item.pinned ? JSON.stringify(item.pinned, null, 2) : null;
  return notice("warn",
    h("p", null, h("strong", null, "The server has changed this tool's definition since it was first seen. "), "Read what is new: a description tells an AI what to do, and a changed one can mislead it."),
    before ? diffView(around(compare(before, JSON.stringify(item.own, null, 2)))) : h("p", { class: "muted" }, "What it was before is not known word by word."),
    h("div", null, approve));
}

function changeTab(place, item, etag, { signal, session, draw }) {
  let dirty = false;
  const save = h("button", { type: "submit", class: "primary", disabled: true }, "Save and apply");
  const form = ruleForm(item, { onChange: () => { dirty = true; save.disabled = !session.features.writable; } });
  guard(() => dirty, signal);
  const problems = h("div", { "aria-live": "assertive" });
  const submit = async (event) => {
    event.preventDefault();
    const wrong = form.problems();
    fill(problems, wrong.length > 0 ? notice("bad", wrong.map((line) => h("p", null, line))) : null);
    if (wrong.length > 0) return;
    try {
      const answer = await write((tag) => put(rulePath(item), form.read(), { etag: tag }), etag, draw);
      if (!answer) return;
      dirty = false;
      saved(answer.applied, "Saved. Connected clients are told at once.");
      await draw();
    } catch (error) {
      fail(error);
    }
  };
  const reset = item.rule ? h("button", { type: "button", on: { click: async () => {
    if (!(await ask({ title: `Reset ${item.key}?`, text: "What you changed about it is taken back.", yes: "Reset" }))) return;
    try {
      const answer = await write((tag) => del(rulePath(item), { etag: tag }), etag, draw);
      if (!answer) return;
      dirty = false;
      saved(answer.applied, "It is as its server says.");
      await draw();
    } catch (error) {
      fail(error);
    }
  } } }, icon("restart"), "Reset to what the server says") : null;
  fill(place, h("form", { class: "stack card", on: { submit, input: () => fill(problems) } }, form.view, problems, h("div", { class: "row" }, save, reset)));
}

function definitionTab(place, item) {
  const own = item.own ? JSON.stringify(item.own, null, 2) : null;
  const seen = item.seen ? JSON.stringify(item.seen, null, 2) : null;
  const box = (title, text, nothing) => h("section", { class: "stack-small" }, h("h2", null, title), text ? h("pre", { class: "block tall", tabindex: "0" }, text) : h("p", { class: "muted" }, nothing));
  fill(place,
    own && seen ? h("section", { class: "stack-small" }, h("h2", null, "What the hub changes"), diffView(around(compare(own, seen)), "Nothing: clients see what the server says.")) : null,
    h("div", { class: "columns columns-wide" },
      box("As clients see it", seen, item.why ? `Clients do not see it: ${item.why}.` : "Clients do not see it."),
      box("As the server says it", own, "The server does not offer it now.")));
}
