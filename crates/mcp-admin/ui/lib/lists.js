// Editors of lists: texts in an order, and pairs of a name and a value. A value keeps its commas, spaces and quotes.
import { h } from "./dom.js";
import { icon } from "./icons.js";

export const MASK = "***";

/** A list of texts. `value()` gives it back; lines are added with Enter, moved with Alt and the arrows. */
export function listEdit(values, { item = "Argument", placeholder = "", onChange = () => {}, add = "Add an argument" } = {}) {
  const lines = h("div", { class: "list-edit" });
  const read = () => [...lines.querySelectorAll("input")].map((input) => input.value);
  const label = () => [...lines.querySelectorAll("input")].forEach((input, at) => input.setAttribute("aria-label", `${item} ${at + 1}`));
  const move = (line, by) => {
    const other = by < 0 ? line.previousElementSibling : line.nextElementSibling;
    if (!other) return;
    if (by < 0) other.before(line);
    else other.after(line);
    label();
    onChange();
  };
  const insert = (value, after) => {
    const input = h("input", { class: "mono", value, placeholder, spellcheck: "false", autocapitalize: "none", on: {
      input: onChange,
      keydown: (event) => {
        if (event.key === "Enter") {
          event.preventDefault();
          insert("", line).focus();
          onChange();
        } else if (event.altKey && (event.key === "ArrowUp" || event.key === "ArrowDown")) {
          event.preventDefault();
          move(line, event.key === "ArrowUp" ? -1 : 1);
          input.focus();
        }
      },
    } });
    const line = h("div", { class: "list-line" }, input,
      h("button", { type: "button", class: "quiet icon-only", "aria-label": "Move up", on: { click: () => move(line, -1) } }, icon("up")),
      h("button", { type: "button", class: "quiet icon-only", "aria-label": "Move down", on: { click: () => move(line, 1) } }, icon("down")),
      h("button", { type: "button", class: "quiet icon-only", "aria-label": "Remove", on: { click: () => { line.remove(); label(); onChange(); } } }, icon("trash")));
    if (after) after.after(line);
    else lines.append(line);
    label();
    return input;
  };
  for (const value of values ?? []) insert(typeof value === "string" ? value : JSON.stringify(value));
  const view = h("div", { class: "stack-small" }, lines, h("div", null, h("button", { type: "button", class: "small-button", on: { click: () => { insert("").focus(); onChange(); } } }, icon("add"), add)));
  return { view, value: read };
}

/** Pairs of names and values. A masked value is not shown and stays as it is, until something else is written over it. */
export function pairsEdit(values, { item = "Variable", onChange = () => {}, add = "Add a variable", secretHint = true } = {}) {
  const lines = h("div", { class: "list-edit" });
  const insert = (name, value, focus) => {
    const masked = value === MASK;
    const key = h("input", { class: "mono name", value: name, placeholder: "NAME", "aria-label": `${item}: name`, spellcheck: "false", autocapitalize: "none", on: { input: onChange } });
    const content = h("input", {
      class: "mono", value: masked ? "" : value, "aria-label": `${item}: value`, spellcheck: "false", autocomplete: "off",
      placeholder: masked ? "kept (not shown)" : "value", on: { input: () => { content.dataset.masked = "false"; onChange(); } },
    });
    content.dataset.masked = String(masked);
    const line = h("div", { class: "list-line" }, key, content, h("button", { type: "button", class: "quiet icon-only", "aria-label": "Remove", on: { click: () => { line.remove(); onChange(); } } }, icon("trash")));
    lines.append(line);
    if (focus) key.focus();
  };
  for (const [name, value] of Object.entries(values ?? {})) insert(name, String(value));
  const view = h("div", { class: "stack-small" }, lines,
    h("div", null, h("button", { type: "button", class: "small-button", on: { click: () => { insert("", "", true); onChange(); } } }, icon("add"), add)),
    secretHint ? h("p", { class: "hint muted small" }, "Stored secrets are never shown here. ", h("code", null, "${NAME}"), " takes the value from the environment of the hub, so that it need not stand in the file.") : null);
  const problems = () => {
    const seen = new Set();
    const wrong = [];
    for (const { name, value } of entries()) {
      if (name === "" && value !== "") wrong.push(`${item} without a name`);
      if (name !== "" && seen.has(name)) wrong.push(`${item} ${name} is there twice`);
      seen.add(name);
    }
    return wrong;
  };
  const entries = () => [...lines.querySelectorAll(".list-line")].map((line) => {
    const [key, content] = line.querySelectorAll("input");
    return { name: key.value.trim(), value: content.dataset.masked === "true" ? MASK : content.value };
  });
  const value = () => Object.fromEntries(entries().filter(({ name }) => name !== "").map(({ name, value: content }) => [name, content]));
  return { view, value, problems };
}

/** Texts, one a line: for patterns, which have no line breaks. */
export function linesEdit(values, attributes = {}) {
  const area = h("textarea", { class: "mono", rows: "3", spellcheck: "false", value: (values ?? []).join("\n"), ...attributes });
  return { view: area, value: () => area.value.split("\n").map((line) => line.trim()).filter((line) => line !== "") };
}

