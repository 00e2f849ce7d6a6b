// Who is connected, since when, and ending a session.
import { del, get, path } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { ago } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head } from "../lib/parts.js";
import { onStatus } from "../lib/status.js";
import { done, fail } from "../lib/toast.js";
import { clientName, nameOf } from "./traffic.js";

const EVERY = 3000;

export async function show(view, { signal }) {
  const place = h("div");
  fill(view, head("Sessions", "Clients that keep a session with the hub. Clients of the newest protocol revision need none; their calls are on the page Traffic."), place);
  let words = "";
  const reload = async () => {
    const { sessions } = await get("/sessions", { signal });
    const now = JSON.stringify(sessions) + Math.floor(Date.now() / 10_000);
    if (now === words) return;
    words = now;
    const focused = place.contains(document.activeElement) ? document.activeElement.dataset.handle : null;
    draw(place, sessions, reload);
    if (focused) place.querySelector(`[data-handle="${CSS.escape(focused)}"]`)?.focus();
  };
  await reload();
  let last = Date.now();
  onStatus(() => {
    if (Date.now() - last < EVERY) return;
    last = Date.now();
    reload().catch(() => {});
  }, signal);
}

function draw(place, sessions, reload) {
  if (sessions.length === 0) return fill(place, empty("Nobody is connected", "When a client connects, its session is listed here.", h("a", { class: "button primary", href: "/connect" }, "Connect a client")));
  const row = (one) => h("tr", null,
    h("td", { class: "wide" }, h("strong", null, clientName(one.client) || "A client without a name"), h("div", { class: "muted small mono" }, one.handle)),
    h("td", { "data-label": "Key" }, nameOf(one.who) ?? h("span", { class: "muted" }, "none")),
    h("td", { "data-label": "Address", class: "mono small" }, one.place),
    h("td", { "data-label": "Revision", class: "nowrap" }, one.revision),
    h("td", { "data-label": "Since", class: "nowrap" }, ago(one.since)),
    h("td", { "data-label": "Last used", class: "nowrap" }, ago(one.lastUsed)),
    h("td", { "data-label": "Calls", class: "number" }, one.calls ?? 0, one.pending > 0 ? h("div", { class: "muted small" }, `${one.pending} running`) : null),
    h("td", { class: "actions" }, h("button", { type: "button", class: "small-button", "data-handle": one.handle, "aria-label": `End the session of ${clientName(one.client) || one.handle}`, on: { click: () => end(one, reload) } }, icon("close"), "End")));
  fill(place, h("div", { class: "table-wrap table-cards" }, h("table", null,
    h("thead", null, h("tr", null, [["Client"], ["Key"], ["Address"], ["Revision"], ["Since"], ["Last used"], ["Calls", "number"], [""]].map(([word, kind]) => h("th", { scope: "col", class: kind }, word || h("span", { class: "unseen" }, "Actions"))))),
    h("tbody", null, sessions.map(row)))));
}

async function end(one, reload) {
  const name = clientName(one.client) || "this client";
  if (!(await ask({ title: `End the session of ${name}?`, text: "Its running calls are cancelled. Most clients connect again by themselves; to keep one out, revoke its key.", yes: "End it", danger: true }))) return;
  try {
    await del(`/sessions${path(one.handle)}`);
    done("The session is ended.");
    await reload();
  } catch (error) {
    fail(error);
  }
}
