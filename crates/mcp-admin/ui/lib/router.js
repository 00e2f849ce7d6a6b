// Which page belongs to which path, and moving between them without loading the shell again.
import { ask } from "./dialog.js";

const ROUTES = [
  ["/", () => import("/pages/overview.js"), "overview"],
  ["/servers/:name", () => import("/pages/server.js"), "overview"],
  ["/add", () => import("/pages/add.js"), "overview"],
  ["/tools", () => import("/pages/tools.js"), "tools"],
  ["/tools/:server/:kind/:key", () => import("/pages/item.js"), "tools"],
  ["/traffic", () => import("/pages/traffic.js"), "traffic"],
  ["/access", () => import("/pages/access.js"), "access"],
  ["/sessions", () => import("/pages/sessions.js"), "sessions"],
  ["/config", () => import("/pages/config.js"), "config"],
  ["/install", () => import("/pages/install.js"), "install"],
  ["/terminal", () => import("/pages/terminal.js"), "terminal"],
  ["/connect", () => import("/pages/connect.js"), "connect"],
  ["/activity", () => import("/pages/activity.js"), "activity"],
];

let show = async () => {};
let unsaved = () => false;
let at = location.pathname + location.search;

/** Finds the page of a path, or null. */
export function match(pathname) {
  const parts = pathname.replace(/\/+$/, "").split("/");
  for (const [pattern, load, place] of ROUTES) {
    const wanted = pattern === "/" ? [""] : pattern.split("/");
    if (wanted.length !== parts.length) continue;
    const params = {};
    const fits = wanted.every((word, at) => {
      if (!word.startsWith(":")) return word === parts[at];
      params[word.slice(1)] = decodeURIComponent(parts[at]);
      return true;
    });
    if (fits) return { load, place, params };
  }
  return null;
}

/** A page that has something unsaved says so here; the question is asked before it is left. */
export function guard(test, signal) {
  unsaved = test;
  signal.addEventListener("abort", () => {
    if (unsaved === test) unsaved = () => false;
  });
}

async function mayLeave() {
  if (!unsaved()) return true;
  return ask({
    title: "Leave without saving?",
    text: "What you changed on this page is not saved yet.",
    yes: "Leave and lose the changes",
    no: "Stay",
    danger: true,
  });
}

/** Goes to a path of these pages. */
export async function go(to, { replace = false, force = false } = {}) {
  if (!force && !(await mayLeave())) return;
  unsaved = () => false;
  history[replace ? "replaceState" : "pushState"](null, "", to);
  at = location.pathname + location.search;
  await show();
}

/** Changes the query of the current path, without showing the page anew. */
export function setQuery(values) {
  const query = new URLSearchParams(location.search);
  for (const [name, value] of Object.entries(values)) {
    if (value) query.set(name, value);
    else query.delete(name);
  }
  const text = query.toString();
  history.replaceState(null, "", location.pathname + (text ? `?${text}` : ""));
  at = location.pathname + location.search;
}

/** Starts to follow links and the browser's own buttons. */
export function start(render) {
  show = render;
  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[href]");
    if (!link || event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (link.target || link.hasAttribute("download") || link.origin !== location.origin || link.hash) return;
    if (!match(link.pathname)) return;
    event.preventDefault();
    go(link.pathname + link.search);
  });
  addEventListener("popstate", async () => {
    const to = location.pathname + location.search;
    if (to === at) return;
    if (unsaved()) {
      history.pushState(null, "", at);
      return go(to);
    }
    at = to;
    return show();
  });
  addEventListener("beforeunload", (event) => {
    if (unsaved()) event.preventDefault();
  });
}
