// A server by the name of its package (npx, uvx, docker) or from a description of the official registry.
import { post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { field, notice, segments } from "../lib/parts.js";
import { newEntry } from "./add.js";

const KINDS = {
  npx: ["npm (npx)", "Package", "@modelcontextprotocol/server-everything", "A package of npm, with what else it needs behind it. It is downloaded at its first start."],
  uvx: ["Python (uvx)", "Package", "mcp-server-time", "A package of PyPI, run by uvx. It is downloaded at its first start."],
  docker: ["Docker", "Image", "mcp/time", "An image of a container. It is fetched at its first start, and each start makes a new container."],
  registry: ["Registry (server.json)", "Description", "{ \"name\": \"io.github.someone/weather\", … }", "Paste the server.json that the MCP registry has of the server."],
};

export function packageTab(panel, context) {
  let kind = "npx";
  const text = h("input", { class: "mono", spellcheck: "false", autocapitalize: "none" });
  const json = h("textarea", { class: "mono", rows: "10", spellcheck: "false" });
  const place = h("div");
  const next = h("div", { class: "stack", "aria-live": "polite" });
  const draw = () => {
    const [, label, placeholder, hint] = KINDS[kind];
    const control = kind === "registry" ? json : text;
    control.placeholder = placeholder;
    fill(place, field(label, control, hint));
    fill(next);
  };
  const submit = async (event) => {
    event.preventDefault();
    const value = (kind === "registry" ? json : text).value.trim();
    if (value === "") return fill(next, notice("bad", h("p", null, `${KINDS[kind][1]} is empty.`)));
    try {
      found(next, await post("/packages/preview", { kind, text: value }), context);
    } catch (error) {
      fill(next, notice("bad", h("p", null, error.message), error.details.map((line) => h("p", { class: "small" }, line?.message ?? String(line)))));
    }
  };
  draw();
  fill(panel,
    h("form", { class: "card stack", novalidate: true, on: { submit } },
      h("div", { class: "field" }, h("span", { class: "label" }, "Where it comes from"), segments("Where it comes from", Object.entries(KINDS).map(([key, [label]]) => [key, label]), kind, (value) => { kind = value; draw(); })),
      place, h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Next: see what will run"))),
    next);
}

function found(next, preview, context) {
  const { name, entry, command, inputs = [] } = preview;
  const place = h("div");
  const values = inputs.map((one) => {
    const input = h("input", { class: "mono", type: one.secret ? "password" : "text", value: one.default ?? "", autocomplete: "off", spellcheck: "false" });
    return { one, input, view: field([one.name, one.required ? h("span", { class: "muted" }, " (required)") : null], input, one.description) };
  });
  const draw = () => {
    const filled = structuredClone(entry);
    for (const { one, input } of values) fillIn(filled, one, input.value);
    fill(place, newEntry({ name, entry: filled, command }, context));
  };
  if (values.length === 0) {
    draw();
    fill(next, place);
    return;
  }
  const go = h("button", { type: "submit", class: "primary" }, "Next");
  const problem = h("p", { class: "field-error", role: "alert" });
  const submit = (event) => {
    event.preventDefault();
    const missing = values.filter(({ one, input }) => one.required && input.value === "").map(({ one }) => one.name);
    problem.textContent = missing.length > 0 ? `Still needed: ${missing.join(", ")}` : "";
    if (missing.length === 0) draw();
  };
  fill(next, h("form", { class: "card stack", novalidate: true, on: { submit } }, h("h2", null, "What the server wants to know"), values.map((one) => one.view), problem, h("div", { class: "row" }, go)), place);
}

/** Puts a value where its name stands: a variable, a header, or `{name}` and `${name}` in any text. */
function fillIn(entry, { name }, value) {
  for (const key of ["env", "headers"]) {
    if (!entry[key] || !Object.hasOwn(entry[key], name)) continue;
    if (value === "") delete entry[key][name];
    else entry[key][name] = value;
  }
  const replace = (part) => {
    if (typeof part === "string") return value === "" ? part : part.replaceAll(`\${${name}}`, value).replaceAll(`{${name}}`, value);
    if (Array.isArray(part)) return part.map(replace);
    if (part && typeof part === "object") return Object.fromEntries(Object.entries(part).map(([key, one]) => [key, replace(one)]));
    return part;
  };
  Object.assign(entry, replace(entry));
}
