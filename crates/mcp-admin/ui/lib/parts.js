// Small pieces that most pages use: heads, badges, notices, tabs, copy buttons.
import { fill, freshId, h, s } from "./dom.js";
import { icon } from "./icons.js";
import { done } from "./toast.js";

/** The head of a page: what it is, one sentence for who does not know, and its actions. */
export function head(title, lead, ...actions) {
  return h("header", { class: "spread" }, h("div", { class: "page-head" }, h("h1", null, title), lead ? h("p", { class: "lead" }, lead) : null), actions.length > 0 ? h("div", { class: "row" }, actions) : null);
}

/** A sentence of the hub, with what stands between backticks as code. */
export const quoted = (text) => text.split("`").map((part, at) => (at % 2 === 1 ? h("code", null, part) : part));

/** What stands where there is nothing yet, and what to do about it. */
export function empty(title, text, ...actions) {
  return h("div", { class: "empty" }, h("h2", null, title), h("p", null, text), actions.length > 0 ? h("div", { class: "row" }, actions) : null);
}

export function notice(kind, ...content) {
  const sign = { bad: "error", warn: "warn", good: "check" }[kind] ?? "info";
  return h("div", { class: `notice notice-${kind}` }, icon(sign), h("div", { class: "stack-small" }, content));
}

export function badge(kind, text, mark) {
  return h("span", { class: `badge badge-${kind}` }, mark ?? null, text);
}

const dot = (hollow) => h("span", { class: `dot ${hollow ? "dot-hollow" : ""}`, "aria-hidden": "true" });

/** The state of a server, in colour, form and word. */
export function stateBadge(server) {
  if (server.disabled) return badge("off", "Switched off", dot(true));
  switch (server.state) {
    case "running":
    case "connected":
      return server.health && !["ok", "healthy", "closed", "good"].includes(server.health) ? badge("warn", "Running, unwell", icon("warn")) : badge("ok", "Running", dot());
    case "starting":
      return badge("busy", "Starting", dot());
    case "restarting":
      return badge("warn badge-busy", "Restarting", dot());
    case "error":
      return badge("bad", "Error", icon("error"));
    case "stopped":
      return badge("off", "Stopped", dot(true));
    default:
      return badge("off", server.state ?? "Unknown", dot(true));
  }
}

/** A field: label, control, hint. The control gets the label's id. */
export function field(label, control, hint) {
  const input = control.matches?.("input, select, textarea") ? control : control.querySelector?.("input, select, textarea");
  const hintId = hint ? freshId("hint") : null;
  if (input && !input.id) input.id = freshId("field");
  if (input && hintId) input.setAttribute("aria-describedby", hintId);
  return h("div", { class: "field" }, h("label", { for: input?.id }, label), control, hint ? h("p", { class: "hint", id: hintId }, hint) : null);
}

/** A field of many controls. */
export function group(label, control, hint) {
  const id = freshId("group");
  control.setAttribute("role", "group");
  control.setAttribute("aria-labelledby", id);
  return h("div", { class: "field" }, h("span", { class: "label", id }, label), hint ? h("p", { class: "hint" }, hint) : null, control);
}

export function select(options, value, attributes = {}) {
  const list = h("select", attributes, options.map((option) => {
    const [key, label] = Array.isArray(option) ? option : [option, option];
    return h("option", { value: key }, label);
  }));
  list.value = value ?? "";
  return list;
}

export function check(label, checked, attributes = {}) {
  const box = h("input", { type: "checkbox", checked: Boolean(checked), ...attributes });
  return { box, view: h("label", { class: "check" }, box, h("span", null, label)) };
}

/** One of a few, all of them visible. */
export function segments(name, options, value, onChange) {
  const together = freshId("choice");
  return h("div", { class: "segments", role: "radiogroup", "aria-label": name }, options.map(([key, label]) =>
    h("label", null, h("input", { type: "radio", name: together, value: key, checked: key === value, on: { change: () => onChange(key) } }), label)));
}

/** Tabs with the keys that tabs have. `panels` are `[key, label, draw]`; `draw` is called at the first showing. */
export function tabs(label, panels, chosen, onChange) {
  const list = h("div", { class: "tabs", role: "tablist", "aria-label": label });
  const place = h("div", { class: "stack" });
  const made = new Map();
  const parts = panels.map(([key, text, draw]) => {
    const panelId = freshId("panel");
    const tab = h("button", { type: "button", role: "tab", id: freshId("tab"), "aria-controls": panelId, "data-tab": key, on: { click: () => show(key) } }, text);
    const panel = h("div", { role: "tabpanel", class: "stack", id: panelId, "aria-labelledby": tab.id, hidden: true });
    return { key, tab, panel, draw };
  });
  const show = (key) => {
    for (const part of parts) {
      const on = part.key === key;
      part.tab.setAttribute("aria-selected", String(on));
      part.tab.tabIndex = on ? 0 : -1;
      part.panel.hidden = !on;
      if (on && !made.has(key)) {
        made.set(key, true);
        part.draw(part.panel);
      }
    }
    onChange?.(key);
  };
  list.addEventListener("keydown", (event) => {
    const at = parts.findIndex((part) => part.tab === document.activeElement);
    const next = { ArrowRight: at + 1, ArrowLeft: at - 1, Home: 0, End: parts.length - 1 }[event.key];
    if (at < 0 || next === undefined) return;
    event.preventDefault();
    const part = parts[(next + parts.length) % parts.length];
    show(part.key);
    part.tab.focus();
  });
  fill(list, parts.map((part) => part.tab));
  fill(place, list, parts.map((part) => part.panel));
  show(parts.some((part) => part.key === chosen) ? chosen : parts[0].key);
  return { view: place, show };
}

/** Copies a text, also where the browser gives no clipboard (plain http beyond loopback). */
export async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = h("textarea", { class: "unseen", value: text, "aria-hidden": "true" });
    (document.querySelector("dialog[open]") ?? document.body).append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  done("Copied.");
}

/** A text with a button that copies it. `text` may be a function. */
export function copyBlock(text, label = "Copy") {
  const value = () => (typeof text === "function" ? text() : text);
  return h("div", { class: "copy-wrap" }, h("pre", { class: "block", tabindex: "0" }, value()), h("button", { type: "button", class: "small-button", on: { click: () => copy(value()) } }, icon("copy"), label));
}

/** The last minutes of a number as a line. */
export function sparkline(numbers, label) {
  const known = (numbers ?? []).filter((number) => number !== null);
  if (known.length < 2) return h("span", { class: "muted small" }, "–");
  const top = Math.max(...known, 1);
  const step = 96 / Math.max(1, numbers.length - 1);
  let path = "";
  let pen = false;
  numbers.forEach((number, at) => {
    if (number === null) {
      pen = false;
      return;
    }
    path += `${pen ? "L" : "M"}${(at * step + 2).toFixed(1)} ${(22 - (number / top) * 19).toFixed(1)}`;
    if (!pen && (at + 1 === numbers.length || numbers[at + 1] === null)) path += "h.1";
    pen = true;
  });
  return s("svg", { class: "sparkline", viewBox: "0 0 100 24", width: "100", height: "24", role: "img", "aria-label": label }, s("path", { d: path }));
}
