// A server by the name of its package (npx, uvx, docker) or from a description of the official registry.
import { post } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { field, notice, segments, select } from "../lib/parts.js";
import { fail } from "../lib/toast.js";
import { newEntry } from "./add.js";

const KINDS = {
  npx: ["npm (npx)", "Package", "@modelcontextprotocol/server-everything", "A package of npm, with what else it needs behind it. It is downloaded at its first start."],
  uvx: ["Python (uvx)", "Package", "mcp-server-time", "A package of PyPI, run by uvx. It is downloaded at its first start."],
  docker: ["Docker", "Image", "mcp/time", "An image of a container. It is fetched at its first start, and each start makes a new container."],
  registry: ["Registry (server.json)", "Description", "{ \"name\": \"io.github.someone/weather\", … }", ["Paste the server.json of the server. The list of known servers is at ", h("a", { href: "https://registry.modelcontextprotocol.io", target: "_blank", rel: "noopener noreferrer" }, "registry.modelcontextprotocol.io"), "."]],
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
      const ask = (more) => post("/packages/preview", { kind, text: value, ...more });
      found(next, await ask({}), context, ask);
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

/** What comes next: which of several forms, what the server wants to know, and then its entry. */
function found(next, preview, context, ask) {
  const { choices = [], choice = 0, inputs = [] } = preview;
  const form = h("div", { class: "stack" });
  const several = choices.length > 1
    ? h("div", { class: "card" }, field("It can be had in several ways", select(choices.map((one, at) => [String(at), one]), String(choice), { on: { change: async (event) => {
      try {
        found(next, await ask({ choice: Number(event.target.value) }), context, ask);
      } catch (error) {
        fail(error);
      }
    } } })))
    : null;
  fill(next, several, form);
  const entry = (made) => newEntry(made, context);
  if (inputs.length === 0) return fill(form, entry(preview));
  const place = h("div");
  const values = inputs.map((one) => ({ one, input: inputFor(one) }));
  const problem = h("p", { class: "field-error", role: "alert" });
  const submit = async (event) => {
    event.preventDefault();
    const missing = values.filter(({ one, input }) => one.required && input.value === "").map(({ one }) => one.name);
    problem.textContent = missing.length > 0 ? `Still needed: ${missing.join(", ")}` : "";
    if (missing.length > 0) return;
    const answers = Object.fromEntries(values.filter(({ input }) => input.value !== "").map(({ one, input }) => [one.name, input.value]));
    try {
      fill(place, entry(await ask({ choice, answers })));
    } catch (error) {
      problem.textContent = error.message;
    }
  };
  return fill(form,
    h("form", { class: "card stack", novalidate: true, on: { submit } },
      h("h2", null, "What the server wants to know"),
      values.map(({ one, input }) => field([one.name, one.required ? h("span", { class: "muted" }, " (required)") : null], input, one.description)),
      problem, h("div", { class: "row" }, h("button", { type: "submit", class: "primary" }, "Next"))),
    place);
}

function inputFor(one) {
  const attributes = { class: "mono", autocomplete: "off", spellcheck: "false", placeholder: one.placeholder ?? "" };
  if (one.choices?.length > 0) return select([...(one.required ? [] : [["", "not said"]]), ...one.choices], one.default ?? "");
  if (one.repeated) return h("textarea", { ...attributes, rows: "3", value: one.default ?? "" });
  return h("input", { ...attributes, type: one.secret ? "password" : "text", value: one.default ?? "" });
}
