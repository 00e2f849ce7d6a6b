// Short words about what has just happened, read out by screen readers.
import { h } from "./dom.js";
import { icon } from "./icons.js";

const STAYS = 6000;
let place = null;

function corner() {
  if (!place?.isConnected) {
    place = h("div", { class: "toasts", role: "status", "aria-live": "polite" });
    document.body.append(place);
  }
  // Above an open dialog, which lies over everything else in the document.
  const dialog = [...document.querySelectorAll("dialog[open]")].at(-1);
  (dialog ?? document.body).append(place);
  return place;
}

function toast(kind, text, details = []) {
  const entry = h(
    "div",
    { class: `toast toast-${kind}` },
    icon(kind === "ok" ? "check" : kind),
    h("div", { class: "toast-text" }, h("p", null, text), details.length > 0 ? h("ul", null, details.map((line) => h("li", null, words(line)))) : null),
    h("button", { type: "button", class: "quiet icon-only", "aria-label": "Dismiss", on: { click: () => entry.remove() } }, icon("close")),
  );
  corner().append(entry);
  // An error stays until it is dismissed; there are never more than a few.
  if (kind !== "error") setTimeout(() => entry.remove(), kind === "warn" ? 2 * STAYS : STAYS);
  while (place.childElementCount > 4) place.firstElementChild.remove();
}

const words = (line) => (typeof line === "string" ? line : line?.message ?? JSON.stringify(line));

export const done = (text, details) => toast("ok", text, details);
export const note = (text, details) => toast("info", text, details);

/** Tells of an error; one that the page has ended itself is none. */
export function fail(error) {
  if (error?.name === "AbortError" || error?.status === 401) return;
  toast("error", error?.message ?? String(error), error?.details ?? []);
}

/** What a saved change did. */
export function saved(applied, text = "Saved.") {
  const parts = [];
  for (const [name, word] of [["added", "Added"], ["changed", "Changed"], ["removed", "Removed"]]) {
    if (applied?.[name]?.some((one) => !text.includes(one))) parts.push(`${word}: ${applied[name].join(", ")}`);
  }
  if (applied?.needsRestart) parts.push("Part of it counts from the next start of the hub on.");
  toast(applied?.warnings?.length > 0 ? "warn" : "ok", text, [...parts, ...(applied?.warnings ?? [])]);
}
