// Servers from the JSON of any client: pasted, looked through, and then taken over together.
import { path, post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { badge, empty, field, notice } from "../lib/parts.js";
import { go } from "../lib/router.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";

const EXAMPLE = `{
  "mcpServers": {
    "time": { "command": "uvx", "args": ["mcp-server-time"] }
  }
}`;

export function pasteTab(panel, context) {
  const text = h("textarea", { class: "mono", rows: "12", spellcheck: "false", placeholder: EXAMPLE });
  const next = h("div", { class: "stack", "aria-live": "polite" });
  const submit = async (event) => {
    event.preventDefault();
    if (text.value.trim() === "") return fill(next, notice("bad", h("p", null, "Nothing is pasted yet.")));
    try {
      const { servers } = await post("/servers/preview", { text: text.value });
      fill(next, servers.length > 0 ? choose(servers, context) : empty("No server in it", "The JSON holds no description of a server that the hub understands."));
    } catch (error) {
      fill(next, notice("bad", h("p", null, error.message), error.details.map((line) => h("p", { class: "small" }, line?.message ?? String(line)))));
    }
  };
  fill(panel,
    h("form", { class: "card stack", novalidate: true, on: { submit } },
      field("JSON", text, "From the file of Claude Desktop, Claude Code, Cursor, VS Code, Windsurf, Zed, or from a server's README: a whole file, some servers, or a single one."),
      h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Next: see what is in it"))),
    next);
}

function choose(servers, context) {
  const rows = servers.map((one) => {
    const box = h("input", { type: "checkbox", checked: !one.exists, "aria-label": `Take ${one.name}` });
    const name = h("input", { value: one.name, "aria-label": `Name of ${one.name}`, spellcheck: "false" });
    const view = h("tr", null,
      h("td", { "data-label": "Take it" }, box),
      h("td", { "data-label": "Name" }, name),
      h("td", { class: "wide" }, h("code", null, one.command ?? one.entry.url ?? one.entry.command ?? ""), h("details", { class: "small" }, h("summary", null, "All of it"), h("pre", { class: "block", tabindex: "0" }, JSON.stringify(one.entry, null, 2))), one.warnings?.map((line) => h("p", { class: "text-warn small" }, icon("warn"), " ", line))),
      h("td", { "data-label": "" }, one.exists ? badge("warn", "replaces one", icon("warn")) : badge("ok", "new", icon("add"))));
    return { one, box, name, view };
  });
  const problem = h("p", { class: "field-error", role: "alert" });
  const take = async () => {
    const chosen = rows.filter(({ box }) => box.checked);
    const names = chosen.map(({ name }) => name.value.trim());
    if (chosen.length === 0) return void (problem.textContent = "Choose at least one.");
    if (names.includes("") || new Set(names).size < names.length) return void (problem.textContent = "Every server needs a name of its own.");
    problem.textContent = "";
    try {
      const body = { servers: Object.fromEntries(chosen.map(({ one }, at) => [names[at], one.entry])) };
      const answer = await write((etag) => post("/servers/import", body, { etag }), context.etag);
      if (!answer) return;
      saved(answer.applied, "The servers are added.");
      await go(names.length === 1 ? path("servers", names[0]) : "/", { force: true });
    } catch (error) {
      fail(error);
    }
  };
  return [
    h("h2", null, "What is in it"), h("p", { class: "muted" }, "Each of them starts at once when it is added, on the machine of the hub and with the hub's rights."),
    h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, ["Take", "Name", "What will run", ""].map((word) => h("th", { scope: "col" }, word || h("span", { class: "unseen" }, "New or not"))))), h("tbody", null, rows.map((one) => one.view)))),
    problem,
    h("div", { class: "row" }, h("button", { type: "button", class: "primary", disabled: !context.session.features.writable, on: { click: take } }, icon("add"), "Add and start them")),
  ];
}
