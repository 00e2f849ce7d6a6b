// The first page: what needs attention, then every server with its numbers, live.
import { path, post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { ago, plural, rate, took } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head, notice, sparkline, stateBadge } from "../lib/parts.js";
import { onStatus } from "../lib/status.js";
import { done, fail } from "../lib/toast.js";

export async function show(view, { signal }) {
  const figures = h("dl", { class: "figures" });
  const attention = h("section", { class: "stack", "aria-label": "Needs attention", "aria-live": "polite" });
  const list = h("section", { class: "stack", "aria-label": "Servers" });
  fill(
    view,
    head("Overview", "The hub makes all of these servers one. A client connects once and has the tools of every server that runs.",
      h("a", { class: "button primary", href: "/add" }, icon("add"), "Add a server")),
    figures, attention, list,
  );
  let drawn = "";
  const rows = new Map();
  onStatus(({ servers, totals, known, problem }) => {
    if (!known) return fill(list, h("p", { class: "muted" }, "Asking the hub…"));
    fill(figures, figure(`${servers.filter((one) => one.state === "running").length} of ${servers.length}`, "servers running"), figure(rate(totals?.rate), "calls per second"), figure(totals?.calls ?? 0, "calls"), figure(totals?.errors ?? 0, "failed calls"), figure(totals?.sessions ?? 0, "clients with a session"));
    const wanted = needs(servers, problem);
    const words = JSON.stringify(wanted.map((entry) => [entry.key, entry.text]));
    if (words !== drawn) {
      drawn = words;
      fill(attention, wanted.length > 0 ? [h("h2", null, "Needs attention"), wanted.map((entry) => entry.draw())] : null);
    }
    drawServers(list, servers, rows);
  }, signal);
}

const figure = (number, label) => h("div", null, h("dt", null, label), h("dd", null, number));

function needs(servers, problem) {
  const wanted = [];
  const add = (key, kind, text, detail, ...links) => wanted.push({ key, text: text + (detail ?? ""), draw: () => notice(kind, h("p", null, h("strong", null, text)), detail ? h("p", { class: "small" }, detail) : null, h("p", { class: "row" }, links)) });
  const link = (href, text) => h("a", { href }, text);
  if (problem) add("config", "bad", "The configuration file has a problem; the last good one stays in force.", typeof problem === "string" ? problem : problem.message, link("/config", "Repair it"));
  for (const server of servers) {
    if (server.disabled) continue;
    const home = `/servers/${encodeURIComponent(server.name)}`;
    const install = server.install;
    if (install === "missing") add(`${server.name} install`, "warn", `${server.name} is not installed yet.`, null, link(`/install?server=${encodeURIComponent(server.name)}`, "See what it needs"));
    else if (install === "failed") add(`${server.name} install`, "bad", `The installation of ${server.name} failed.`, null, link(`/install?server=${encodeURIComponent(server.name)}`, "See why"));
    if (server.state === "error") add(`${server.name} error`, "bad", `${server.name} does not run.`, server.error, link(home, "Log and settings"));
    else if (server.state === "restarting") add(`${server.name} error`, "warn", `${server.name} has stopped and is being started again.`, server.error, link(home, "Log and settings"));
    else if (server.lists === "stale") add(`${server.name} lists`, "warn", `What ${server.name} offers is known from earlier only.`, server.listsReason, link(home, "Look at it"));
    if (server.changedTools?.length > 0) {
      add(`${server.name} changed`, "warn", `${server.name} has changed ${plural(server.changedTools.length, "tool")} since you first saw ${server.changedTools.length === 1 ? "it" : "them"}.`,
        server.changedTools.join(", "), link(`/tools?show=changed`, "Compare and approve"));
    }
  }
  return wanted;
}

const HEADS = [["Server"], ["State"], ["Calls/s", "number"], ["Failed", "number"], ["Typical time", "number"], ["Last 5 minutes"], ["Tools", "number"], ["Last used"], ["", ""]];

function drawServers(list, servers, rows) {
  if (servers.length === 0) {
    rows.clear();
    return fill(list, empty("No servers yet", "A server gives tools to AI programs: reading files, searching the web, asking a database. Add one by its package name, by pasting the JSON of its description, or by hand.", h("a", { class: "button primary", href: "/add" }, icon("add"), "Add the first server")));
  }
  const names = servers.map((one) => one.name).join("\n");
  if (rows.names !== names || !list.querySelector("table")) {
    rows.clear();
    rows.names = names;
    const body = h("tbody");
    for (const server of servers) {
      const row = h("tr");
      rows.set(server.name, row);
      body.append(row);
    }
    fill(list, h("h2", null, "Servers"), h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, HEADS.map(([text, kind]) => h("th", { scope: "col", class: kind }, text || h("span", { class: "unseen" }, "Actions"))))), body)));
  }
  for (const server of servers) {
    const row = rows.get(server.name);
    // Lines that have not changed keep their elements, and with them the focus.
    const words = JSON.stringify([server, Math.floor(Date.now() / 15_000)]);
    if (row.dataset.words === words) continue;
    row.dataset.words = words;
    const focused = row.contains(document.activeElement) ? document.activeElement.dataset.key : null;
    fill(row, cells(server));
    if (focused) row.querySelector(`[data-key="${focused}"]`)?.focus();
  }
}

function cells(server) {
  const home = `/servers/${encodeURIComponent(server.name)}`;
  const cell = (label, content, kind) => h("td", { "data-label": label, class: kind }, content);
  const shown = server.shownTools === server.tools || server.shownTools === undefined ? server.tools ?? "–" : `${server.shownTools} of ${server.tools}`;
  return [
    h("td", { class: "wide" }, h("a", { class: "strong", href: home, "data-key": "name" }, server.name), h("div", { class: "muted small" }, kindName(server.kind))),
    cell("State", stateBadge(server)),
    cell("Calls/s", rate(server.rate), "number"),
    cell("Failed", h("span", { class: server.errors > 0 ? "text-bad" : "" }, `${server.errors ?? 0} of ${server.calls ?? 0}`), "number"),
    cell("Typical time", [took(server.p50), server.p95 === null || server.p95 === undefined ? null : h("div", { class: "muted small" }, `slowest 5 %: ${took(server.p95)}`)], "number"),
    cell("Last 5 minutes", sparkline(server.sparkline, `Time of a call over the last 5 minutes, typically ${took(server.p50)}`)),
    cell("Tools", shown, "number"),
    cell("Last used", h("span", { class: "nowrap" }, lastUse(server))),
    h("td", { class: "actions corner" }, action(server)),
  ];
}

/** When a server was last used. Its own time begins with its start, before the first use. */
export function lastUse({ calls, lastUsed }) {
  return calls > 0 ? ago(lastUsed) : "not yet";
}

/** What a kind of server is called. */
export function kindName(kind) {
  return { stdio: "Program on this machine", http: "Server behind a URL", sse: "Server behind a URL (SSE)" }[kind] ?? kind;
}

function action(server) {
  if (server.disabled) return null;
  const stopped = server.state === "stopped";
  const word = stopped ? "start" : "restart";
  return h("button", {
    type: "button", class: "quiet icon-only", "data-key": "action", title: stopped ? "Start" : "Restart", "aria-label": `${stopped ? "Start" : "Restart"} ${server.name}`,
    on: { click: async (event) => {
      event.currentTarget.disabled = true;
      try {
        await post(`${path("servers", server.name)}/${word}`);
        done(`${server.name} is being ${word}ed.`);
      } catch (error) {
        fail(error);
      }
    } },
  }, icon(word));
}
