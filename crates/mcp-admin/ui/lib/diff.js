// Shows a unified diff, and makes one of two texts where the hub did not.
import { h } from "./dom.js";

/** A unified diff, line by line. */
export function diffView(text, nothing = "No difference.") {
  if (!text?.trim()) return h("p", { class: "muted" }, nothing);
  const lines = text.replace(/\n$/, "").split("\n").filter((line) => !/^(---|\+\+\+) /.test(line) && !line.startsWith("\\ No newline"));
  return h("pre", { class: "block diff", tabindex: "0", role: "group", "aria-label": "Difference" }, lines.map((line) => {
    if (line.startsWith("@@")) return h("span", { class: "diff-line diff-place" }, line.replace(/^@@ -(\d+).*@@.*$/, "from line $1").replace("@@ … @@", "…"));
    const kind = line.startsWith("+") ? "diff-add" : line.startsWith("-") ? "diff-remove" : "";
    return h("span", { class: `diff-line ${kind}` }, line.slice(1));
  }));
}

const MOST = 2000;

/** The lines of two texts, as ` same`, `-gone` and `+new`. */
export function compare(before, after) {
  const a = before.split("\n");
  const b = after.split("\n");
  if (before === after) return "";
  if (a.length * b.length > MOST * MOST) return [...a.map((line) => `-${line}`), ...b.map((line) => `+${line}`)].join("\n");
  // The longest common part, from the end, so that the walk goes forward.
  const width = b.length + 1;
  const common = new Uint32Array((a.length + 1) * width);
  for (let i = a.length - 1; i >= 0; i -= 1) {
    for (let j = b.length - 1; j >= 0; j -= 1) {
      common[i * width + j] = a[i] === b[j] ? common[(i + 1) * width + j + 1] + 1 : Math.max(common[(i + 1) * width + j], common[i * width + j + 1]);
    }
  }
  const lines = [];
  let i = 0;
  let j = 0;
  while (i < a.length || j < b.length) {
    if (i < a.length && j < b.length && a[i] === b[j]) {
      lines.push(` ${a[i]}`);
      i += 1;
      j += 1;
    } else if (i < a.length && (j >= b.length || common[(i + 1) * width + j] >= common[i * width + j + 1])) {
      lines.push(`-${a[i]}`);
      i += 1;
    } else {
      lines.push(`+${b[j]}`);
      j += 1;
    }
  }
  return lines.join("\n");
}

/** Of a comparison, what has changed and a few lines around it. */
export function around(text, near = 3) {
  if (text === "") return "";
  const lines = text.split("\n");
  const close = (at) => lines.slice(Math.max(0, at - near), at + near + 1).some((line) => /^[-+]/.test(line));
  const kept = lines.map((line, at) => (close(at) ? line : null));
  return kept.map((line, at) => line ?? (kept[at - 1] === null ? null : "@@ … @@")).filter((line) => line !== null).join("\n");
}
