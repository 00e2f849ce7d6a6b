// How a client is told of this hub: the exact snippet for the client, the group and the key.
import { get } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { CLIENTS } from "../lib/snippets.js";
import { copyBlock, field, head, notice, segments, select } from "../lib/parts.js";
import { setQuery } from "../lib/router.js";
import { status } from "../lib/status.js";

export async function show(view, { query, signal, session }) {
  const [{ groups }, { keys }] = await Promise.all([get("/groups", { signal }), get("/keys", { signal })]);
  const needsKey = session.hasKeys || keys.length > 0;
  const chosen = { client: CLIENTS[query.get("client")] ? query.get("client") : "claude-desktop", place: query.get("place") ?? "/mcp" };
  const out = h("section", { class: "card stack", "aria-label": "What to do", "aria-live": "polite" });
  const base = h("input", { class: "mono", value: session.hubUrl, spellcheck: "false", on: { input: () => draw() } });
  const key = h("input", { class: "mono", type: "text", placeholder: needsKey ? "paste it here, or leave a placeholder" : "none needed", spellcheck: "false", autocomplete: "off", on: { input: () => draw() } });
  const places = [["/mcp", "All servers as one"],
    ...Object.keys(groups).sort().map((name) => [`/groups/${encodeURIComponent(name)}/mcp`, `The group ${name}`]),
    ...status().servers.map(({ name }) => [`/servers/${encodeURIComponent(name)}/mcp`, `Only the server ${name}`])];
  const place = select(places, places.some(([value]) => value === chosen.place) ? chosen.place : "/mcp", { on: { change: () => { chosen.place = place.value; draw(); } } });
  const draw = () => {
    setQuery({ client: chosen.client, place: place.value === "/mcp" ? "" : place.value });
    const group = /^\/groups\/(.*)\/mcp$/.exec(place.value)?.[1];
    const server = /^\/servers\/(.*)\/mcp$/.exec(place.value)?.[1];
    const facts = {
      url: base.value.replace(/\/+$/, "") + place.value,
      key: key.value.trim() || (needsKey ? "YOUR_KEY" : null),
      name: decodeURIComponent(group ?? server ?? "hub"),
    };
    const client = CLIENTS[chosen.client];
    fill(out, h("h2", null, client.label), client.steps(facts).map((step) => (step.code ? copyBlock(step.code) : h("p", null, step.text))),
      facts.key === "YOUR_KEY" ? notice("warn", h("p", null, "Put a key where it says YOUR_KEY. Keys are shown only when they are made; ", h("a", { href: "/access" }, "make one"), " if you have none at hand.")) : null,
      client.note ? h("p", { class: "muted small" }, client.note) : null);
  };
  fill(view,
    head("Connect a client", "Tell an AI client of this hub once, and it has the tools of all servers. Choose the client and copy what it needs."),
    h("div", { class: "card stack" },
      h("div", { class: "field" }, h("span", { class: "label" }, "Client"), segments("Client", Object.entries(CLIENTS).map(([id, one]) => [id, one.label]), chosen.client, (value) => { chosen.client = value; draw(); })),
      h("div", { class: "columns columns-narrow" },
        field("What it gets", place), field("Key", key, needsKey ? "It stays in this page and is sent nowhere." : "The hub asks for none now."),
        field("Address of the hub", base, "As the client's machine reaches it."))),
    out);
  draw();
}
