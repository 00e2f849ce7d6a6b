// Our own small set of icons, drawn on a grid of 20 by 20 with lines of one width.
import { s } from "./dom.js";

const PATHS = {
  overview: "M3 3h6v6H3zM11 3h6v4h-6zM11 9h6v8h-6zM3 11h6v6H3z",
  tools: "M12.5 3.5a4 4 0 0 0-3.8 5.3L3 14.5 5.5 17l5.7-5.7a4 4 0 0 0 5.3-3.8l-2.5 1.5-2-2 1.5-2.5-1-1z",
  traffic: "M3 7h12l-3-3M17 13H5l3 3",
  keys: "M9.5 10a3.2 3.2 0 1 0-6.4 0 3.2 3.2 0 0 0 6.4 0zM9.5 10H17v3.5M14 10v2.5",
  sessions: "M7 9a3 3 0 1 0 0-.1zM2.5 17c0-3 2-5 4.5-5s4.5 2 4.5 5M13 5.5a2.5 2.5 0 1 1 0 5M13.5 12.5c2.3 0 4 1.7 4 4.5",
  config: "M5 3h7l3 3v11H5zM12 3v3h3M7.5 10h5M7.5 13h5",
  install: "M10 3v9M6.5 8.5 10 12l3.5-3.5M3 14v3h14v-3",
  terminal: "M3 4h14v12H3zM6 8l2.5 2L6 12M10 12.5h4",
  connect: "M7 3v4M13 3v4M5 7h10v3a5 5 0 0 1-10 0zM10 15v3",
  activity: "M4 4h12M4 8h12M4 12h8M4 16h5",
  add: "M10 4v12M4 10h12",
  close: "M5 5l10 10M15 5 5 15",
  menu: "M3 5h14M3 10h14M3 15h14",
  search: "M9 3a6 6 0 1 0 0 12A6 6 0 0 0 9 3zM13.5 13.5 17 17",
  copy: "M7 7h9v10H7zM4 13V3h9",
  check: "M4 10.5 8 15l8-10",
  warn: "M10 3 18 17H2zM10 8v4M10 14.4v.2",
  info: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 9v5M10 6.2v.2",
  error: "M10 2.5a7.5 7.5 0 1 0 0 15 7.5 7.5 0 0 0 0-15zM10 6v5M10 13.6v.2",
  start: "M6 4l9 6-9 6z",
  stop: "M5 5h10v10H5z",
  restart: "M16 10a6 6 0 1 1-2-4.5M14.5 2v4h-4",
  up: "M10 16V4M5 9l5-5 5 5",
  down: "M10 4v12M5 11l5 5 5-5",
  trash: "M4 6h12M8 6V4h4v2M6 6l.7 11h6.6L14 6",
  edit: "M4 16l1-4 8-8 3 3-8 8zM11.5 5.5l3 3",
  right: "M8 5l5 5-5 5",
  logout: "M8 4H4v12h4M9 10h8M14 7l3 3-3 3",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v1.5M10 16.5V18M2 10h1.5M16.5 10H18M4.3 4.3l1 1M14.7 14.7l1 1M4.3 15.7l1-1M14.7 5.3l1-1",
  moon: "M16 12A7 7 0 0 1 8 4a6.5 6.5 0 1 0 8 8z",
  system: "M3 4h14v9H3zM7 17h6M10 13v4",
  lock: "M5 9h10v8H5zM7 9V6.5a3 3 0 0 1 6 0V9",
  server: "M3 4h14v5H3zM3 11h14v5H3zM6 6.5h.1M6 13.5h.1",
  prompt: "M3 4h14v9H9l-4 4v-4H3z",
  resource: "M3 5h5l2 2h7v9H3z",
};

/** An icon; without a label it says nothing to a screen reader, because text stands beside it. */
export function icon(name, label) {
  return s(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 20 20", role: label ? "img" : null, "aria-label": label, "aria-hidden": label ? null : "true" },
    s("path", { d: PATHS[name] ?? PATHS.info }),
  );
}
