// Everything that all servers offer, in one list that can be searched.
import { del, get, path, put } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { calm, fill, h } from "../lib/dom.js";
import { plural } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { badge, empty, head, notice, select } from "../lib/parts.js";
import { setQuery } from "../lib/router.js";
import { onConfig } from "../lib/status.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";

const AT_ONCE = 200;
export const KINDS = { tool: "Tool", prompt: "Prompt", resource: "Resource", template: "Resource template" };
const SHOW = [["", "Everything"], ["shown", "Seen by clients"], ["hidden", "Not seen by clients"], ["changed", "Changed since first seen"], ["rule", "Changed by you"], ["missing", "Rules without a tool"]];

/** Where the page of an item is. */
export const itemHref = (item) => `/tools${path(item.server, item.kind, item.key)}`;

/** The rule of an item, where it is in the interface. */
export const rulePath = (item) => `/tools${path(item.server, item.kind, item.key)}`;

/** The first sentence of what an item says about itself. */
const about = (item) => (item.seen ?? item.own)?.description ?? "";

export async function show(view, { query, signal }) {
  let document_ = await get("/tools", { signal });
  const filter = { q: query.get("q") ?? "", server: query.get("server") ?? "", kind: query.get("kind") ?? "", show: query.get("show") ?? "" };
  const place = h("div", { class: "stack" });
  const said = h("p", { class: "muted small", role: "status" });
  const reload = async () => {
    document_ = await get("/tools", { signal });
    draw();
  };
  const draw = (more = AT_ONCE) => {
    const found = document_.items.filter((item) => fits(item, filter));
    fill(said, `${plural(found.length, "entry", "entries")} of ${document_.items.length}`);
    if (document_.items.length === 0) return fill(place, empty("No tools yet", "Tools come from servers. Once a server runs, what it offers is listed here.", h("a", { class: "button primary", href: "/add" }, icon("add"), "Add a server")));
    if (found.length === 0) return fill(place, empty("Nothing fits", "No entry has these words and marks.", h("button", { type: "button", on: { click: () => { Object.assign(filter, { q: "", server: "", kind: "", show: "" }); setControls(); change(); } } }, "Show everything")));
    fill(place,
      document_.conflicts?.length > 0 ? notice("warn", h("p", null, "Two entries want the same name: ", document_.conflicts.map((one) => (typeof one === "string" ? one : one.name ?? JSON.stringify(one))).join(", "), ". Only the first of them is shown to clients; give the other one another name.")) : null,
      itemTable(found.slice(0, more), { withServer: true, toggle: (item, on, box) => toggle(item, on, box, document_, reload) }),
      found.length > more ? h("div", null, h("button", { type: "button", on: { click: () => draw(more + 500) } }, `Show ${Math.min(500, found.length - more)} more`)) : null);
  };
  const change = calm(80, () => {
    setQuery(filter);
    draw();
  });
  const on = (key) => ({ input: (event) => { filter[key] = event.target.value; change(); } });
  const search = h("input", { type: "search", placeholder: "Search names and descriptions  ( / )", "aria-label": "Search tools", on: on("q") });
  const servers = select([["", "All servers"], ...[...new Set(document_.items.map((item) => item.server))].sort()], filter.server, { "aria-label": "Server", on: on("server") });
  const kinds = select([["", "All kinds"], ...Object.entries(KINDS).map(([key, word]) => [key, `${word}s`])], filter.kind, { "aria-label": "Kind", on: on("kind") });
  const shows = select(SHOW, filter.show, { "aria-label": "Which", on: on("show") });
  const setControls = () => {
    search.value = filter.q;
    servers.value = filter.server;
    kinds.value = filter.kind;
    shows.value = filter.show;
  };
  setControls();
  const reset = h("button", { type: "button", on: { click: async () => {
    const text = filter.server ? `Everything that you changed about the tools of ${filter.server} is taken back.` : "Everything that you changed about tools of all servers is taken back: names, descriptions, parameters, and what is switched off.";
    if (!(await ask({ title: "Reset to what the servers say?", text, yes: "Reset", danger: true }))) return;
    try {
      const answer = await write((etag) => del(filter.server ? `/tools${path(filter.server)}` : "/tools", { etag }), document_.etag, reload);
      if (answer) saved(answer.applied, "The tools are as their servers say.");
      await reload();
    } catch (error) {
      fail(error);
    }
  } } }, icon("restart"), "Reset…");
  fill(view,
    head("Tools", "What clients can do with this hub. You can switch entries off, give them other names and descriptions, hide or fix parameters, and try them.", reset),
    h("div", { class: "filters", role: "search" }, search, servers, kinds, shows), said, place);
  draw();
  onConfig(() => reload().catch(() => {}), signal);
}

function fits(item, { q, server, kind, show }) {
  if (server && item.server !== server) return false;
  if (kind && item.kind !== kind) return false;
  if (show === "shown" && !item.shown) return false;
  if (show === "hidden" && item.shown) return false;
  if (show === "changed" && !item.changed) return false;
  if (show === "rule" && !item.rule) return false;
  if (show === "missing" && !item.missing) return false;
  const text = `${item.server} ${item.key} ${item.exposed ?? ""} ${about(item)} ${item.own?.title ?? ""}`.toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

async function toggle(item, on, box, { etag }, reload) {
  box.disabled = true;
  try {
    const answer = await write((tag) => put(rulePath(item), { ...item.rule, enabled: on }, { etag: tag }), etag, reload);
    if (answer) saved(answer.applied, `${item.exposed ?? item.key} is switched ${on ? "on" : "off"}.`);
  } catch (error) {
    fail(error);
  }
  await reload().catch(fail);
}

/** The marks of an item: what is special about it. */
export function marks(item) {
  return [
    item.changed ? badge("warn", "Changed", icon("warn")) : null,
    item.missing ? badge("warn", "Not there", icon("warn")) : null,
    !item.shown && !item.missing ? badge("off", item.why ? `Hidden: ${item.why}` : "Hidden") : null,
    item.rule && Object.keys(item.rule).some((key) => key !== "enabled") ? badge("off", "Changed by you", icon("edit")) : null,
  ];
}

/** A table of items. */
export function itemTable(items, { withServer, toggle: onToggle }) {
  const row = (item) => {
    const name = item.exposed ?? item.key;
    const box = onToggle && item.kind !== "template" ? h("input", { type: "checkbox", class: "switch", role: "switch", checked: item.rule?.enabled ?? item.shown, "aria-label": `Clients see ${name}`, on: { change: (event) => onToggle(item, event.target.checked, event.target) } }) : null;
    return h("tr", null,
      onToggle ? h("td", { "data-label": "Clients see it" }, box) : null,
      h("td", { class: "wide item-name" }, h("a", { class: "strong mono", href: itemHref(item) }, name), item.exposed?.endsWith(item.key) === false ? h("div", { class: "muted small" }, "own name ", h("span", { class: "mono" }, item.key)) : null),
      h("td", { "data-label": "Kind" }, h("span", { class: "nowrap" }, KINDS[item.kind])),
      withServer ? h("td", { "data-label": "Server" }, h("a", { href: `/servers/${encodeURIComponent(item.server)}` }, item.server)) : null,
      h("td", { class: "wide about" }, h("div", { class: "clamp" }, about(item)), h("div", { class: "row" }, marks(item))),
      h("td", { class: "actions" }, item.kind === "tool" && !item.missing ? h("a", { class: "button small-button", href: `${itemHref(item)}?tab=try` }, icon("start"), "Try it", h("span", { class: "unseen" }, ` ${name}`)) : null));
  };
  const heads = [onToggle ? "On" : null, "Name", "Kind", withServer ? "Server" : null, "What it does", ""].filter((word) => word !== null);
  return h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, heads.map((word) => h("th", { scope: "col" }, word || h("span", { class: "unseen" }, "Actions"))))), h("tbody", null, items.map(row))));
}
