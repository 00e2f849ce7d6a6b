// Live list of calls: who asked what of which server, how long it took, what came of it, and the words of one call.
import { get, path, stream } from "../lib/api.js";
import { calm, fill, h } from "../lib/dom.js";
import { open } from "../lib/dialog.js";
import { listen } from "../lib/events.js";
import { size, time, took } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head, select } from "../lib/parts.js";
import { setQuery } from "../lib/router.js";
import { fail } from "../lib/toast.js";
import { exchangeLine, outcomeBadge } from "./try.js";

const MOST = 500;
const OUTCOMES = [["", "All outcomes"], ["ok", "Done"], ["failed", "Anything that failed"], ["running", "Running"], ["toolError", "Tool error"], ["error", "Error"], ["lost", "Lost"], ["cancelled", "Cancelled"], ["notSent", "Not sent"]];
const FAILED = new Set(["toolError", "error", "lost", "notSent"]);

export async function show(view, { query, signal }) {
  const filter = { q: query.get("q") ?? "", server: query.get("server") ?? "", outcome: query.get("outcome") ?? "" };
  const calls = new Map();
  let paused = false;
  let waiting = 0;
  const body = h("tbody");
  const table = h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, [["Time"], ["Server"], ["What"], ["Who"], ["Took", "number"], ["Outcome"], ["Size", "number"]].map(([word, kind]) => h("th", { scope: "col", class: kind }, word)))), body));
  const place = h("div");
  const said = h("p", { class: "muted small", role: "status" });
  const servers = select([["", "All servers"]], "", { "aria-label": "Server", on: { change: () => { filter.server = servers.value; refilter(); } } });

  const draw = () => {
    const newest = [...calls.values()].reverse();
    const found = newest.filter((one) => fits(one, filter)).slice(0, 200);
    const names = [...new Set(newest.map((one) => one.server))].sort();
    if (servers.dataset.names !== names.join()) {
      servers.dataset.names = names.join();
      fill(servers, h("option", { value: "" }, "All servers"), names.map((name) => h("option", { value: name }, name)));
      servers.value = filter.server;
    }
    fill(said, paused && waiting > 0 ? `Held; ${waiting} newer` : `${found.length} of ${calls.size} calls shown, newest first`);
    if (calls.size === 0) return fill(place, empty("No calls yet", "As soon as a client uses a tool of this hub, the call appears here. Try one yourself, or connect a client.", h("a", { class: "button", href: "/tools" }, "Try a tool"), h("a", { class: "button primary", href: "/connect" }, "Connect a client")));
    if (found.length === 0) return fill(place, empty("No call fits", "No call that the hub remembers has these words and this outcome."));
    const focused = body.contains(document.activeElement) ? document.activeElement.dataset.id : null;
    fill(body, found.map(row));
    if (!table.isConnected) fill(place, table);
    if (focused) body.querySelector(`[data-id="${CSS.escape(focused)}"]`)?.focus();
  };
  const soon = calm(150, () => (paused ? fill(said, `Held; ${waiting} newer`) : draw()));
  const refilter = () => {
    setQuery(filter);
    draw();
  };
  const keep = (one) => {
    if (!calls.has(one.id)) waiting += paused ? 1 : 0;
    calls.set(one.id, one);
    if (calls.size > MOST) calls.delete(calls.keys().next().value);
  };
  const search = h("input", { type: "search", "aria-label": "Search calls", placeholder: "Search tool, client, method  ( / )", value: filter.q, on: { input: calm(100, () => { filter.q = search.value; refilter(); }) } });
  const outcomes = select(OUTCOMES, filter.outcome, { "aria-label": "Outcome", on: { change: () => { filter.outcome = outcomes.value; refilter(); } } });
  const hold = h("button", { type: "button", "aria-pressed": "false", on: { click: () => {
    paused = !paused;
    waiting = 0;
    hold.setAttribute("aria-pressed", String(paused));
    fill(hold, icon(paused ? "start" : "stop"), paused ? "Go on" : "Hold the list");
    draw();
  } } }, icon("stop"), "Hold the list");
  fill(view,
    head("Traffic", "Every call that goes through the hub, as it happens. The hub keeps the last ones in memory only, with secrets taken out.", hold),
    h("div", { class: "filters", role: "search" }, search, servers, outcomes), said, place);
  for (const one of (await get("/traffic?limit=500", { signal })).calls.sort((a, b) => a.id - b.id)) keep(one);
  draw();
  listen(stream("/traffic/events"), { call: (one) => { keep(one); soon(); } }, { signal });
}

function fits(one, { q, server, outcome }) {
  if (server && one.server !== server) return false;
  if (outcome === "failed" ? !FAILED.has(one.outcome) : outcome && one.outcome !== outcome) return false;
  const text = `${one.server} ${one.method} ${one.tool ?? ""} ${one.who ?? ""} ${clientName(one.client)}`.toLowerCase();
  return q.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

/** Whose key it was, if it was one. */
export const nameOf = (who) => (!who || who === "anonymous" ? null : who);

/** Who called, as people say it; the hub itself asks each server what it has. */
const caller = ({ who, client }) => (who === "proxy" && client?.name === "mcp-hub" ? "the hub itself" : nameOf(who) ?? h("span", { class: "muted" }, "no key"));

/** A client's name and version. */
export function clientName(client) {
  if (!client) return "";
  return typeof client === "string" ? client : [client.title ?? client.name, client.version].filter(Boolean).join(" ");
}

function row(one) {
  const what = one.tool ?? one.method;
  return h("tr", { class: "clickable", on: { click: (event) => !event.target.closest("button") && detail(one) } },
    h("td", { "data-label": "Time", class: "nowrap" }, time(one.at)),
    h("td", { "data-label": "Server" }, one.server),
    h("td", { class: "wide" }, h("button", { type: "button", class: "link mono", "data-id": one.id, on: { click: () => detail(one) } }, what)),
    h("td", { "data-label": "Who" }, caller(one), h("div", { class: "muted small" }, clientName(one.client))),
    h("td", { "data-label": "Took", class: "number" }, one.outcome === "running" ? "…" : took(one.tookMs)),
    h("td", { "data-label": "Outcome" }, outcomeBadge(one.outcome)),
    h("td", { "data-label": "Size", class: "number small" }, `${size(one.requestBytes)} → ${size(one.responseBytes)}`));
}

async function detail(one) {
  let full;
  try {
    full = await get(`/traffic${path(one.id)}`);
  } catch (error) {
    return fail(error);
  }
  const pair = (word, value) => (value ? [h("dt", null, word), h("dd", null, value)] : null);
  await open({
    title: full.tool ?? full.method,
    wide: true,
    build: () => ({
      body: [
        h("dl", { class: "pairs" }, pair("Outcome", outcomeBadge(full.outcome)), pair("Server", full.server), pair("Method", full.method), pair("Who", caller(full)), pair("Client", clientName(full.client)), pair("Revision", full.revision), pair("Time", `${time(full.at)}, took ${took(full.tookMs)}`)),
        full.omitted > 0 ? h("p", { class: "muted" }, `${full.omitted} more messages were too much to keep.`) : null,
        full.exchange?.length > 0 ? full.exchange.map((line) => exchangeLine(line, "client to server", "server to client")) : h("p", { class: "muted" }, "Its words are not kept any more."),
      ],
    }),
  });
}
