// A plain text editor with line numbers and marked lines.
import { fill, h } from "./dom.js";

/** `text()`, `set(text)`, `mark(diagnostics)`, `goTo(line, column)`; Tab indents, Escape then Tab leaves. */
export function editor(text, { label, readOnly = false, onChange, onMove }) {
  const numbers = h("div", { class: "editor-lines", "aria-hidden": "true" });
  const area = h("textarea", { class: "mono editor-text", "aria-label": label, spellcheck: "false", autocapitalize: "none", autocomplete: "off", wrap: "off", readOnly, value: text });
  let marks = new Map();
  let leaving = false;
  const draw = () => {
    const count = area.value.split("\n").length;
    if (numbers.childElementCount !== count || numbers.dataset.stale) {
      delete numbers.dataset.stale;
      fill(numbers, Array.from({ length: count }, (_, at) => h("span", { class: marks.get(at + 1) ? `line-${marks.get(at + 1)}` : "" }, at + 1)));
    }
    area.rows = Math.min(Math.max(count, 14), 400);
  };
  const moved = () => onMove?.(area.selectionStart);
  const changed = () => {
    draw();
    onChange?.();
    moved();
  };
  area.addEventListener("input", changed);
  area.addEventListener("scroll", () => { numbers.style.setProperty("margin-top", `${-area.scrollTop}px`); });
  for (const event of ["keyup", "click", "focus"]) area.addEventListener(event, moved);
  area.addEventListener("keydown", (event) => {
    if (event.key === "Escape") leaving = true;
    else if (event.key === "Tab" && !event.shiftKey && !leaving && !readOnly) {
      event.preventDefault();
      area.setRangeText("  ", area.selectionStart, area.selectionEnd, "end");
      changed();
    } else if (event.key === "Enter" && !readOnly) {
      // A new line begins where the one above does.
      event.preventDefault();
      const before = area.value.slice(0, area.selectionStart);
      const indent = /[^\n]*$/.exec(before)[0].match(/^\s*/)[0];
      area.setRangeText(`\n${indent}${/[{[]\s*$/.test(before) ? "  " : ""}`, area.selectionStart, area.selectionEnd, "end");
      changed();
    } else if (event.key !== "Shift") leaving = false;
  });
  draw();
  return {
    view: h("div", { class: "editor" }, numbers, area),
    text: () => area.value,
    set: (value) => {
      area.value = value;
      marks = new Map();
      numbers.dataset.stale = "1";
      draw();
    },
    mark: (diagnostics) => {
      marks = new Map();
      for (const { line, severity } of diagnostics) if (line && marks.get(line) !== "error") marks.set(line, severity === "error" ? "error" : "warning");
      numbers.dataset.stale = "1";
      draw();
    },
    goTo: (line, column = 1) => {
      const lines = area.value.split("\n");
      const at = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0) + Math.max(0, column - 1);
      area.focus();
      area.setSelectionRange(at, at);
      const height = area.scrollHeight / Math.max(1, lines.length);
      window.scrollTo({ top: area.getBoundingClientRect().top + window.scrollY + height * line - window.innerHeight / 2 });
      moved();
    },
  };
}
