// What stands around every page: navigation, the theme switch, who is logged in, and whether the hub is there.
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { onStatus } from "./status.js";

const PLACES = [
  ["overview", "/", "Overview", "overview"],
  ["tools", "/tools", "Tools", "tools"],
  ["traffic", "/traffic", "Traffic", "traffic"],
  ["connect", "/connect", "Connect a client", "connect"],
  null,
  ["access", "/access", "Groups and keys", "keys"],
  ["sessions", "/sessions", "Sessions", "sessions"],
  null,
  ["config", "/config", "Configuration", "config"],
  ["install", "/install", "Install", "install"],
  ["terminal", "/terminal", "Terminal", "terminal"],
  ["activity", "/activity", "Activity", "activity"],
];
const THEMES = [["light", "Light", "sun"], ["dark", "Dark", "moon"], ["system", "As the system", "system"]];

/** Marks the place of the current page in the navigation. */
export function mark(place) {
  for (const link of document.querySelectorAll(".nav a")) {
    if (link.dataset.place === place) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  document.body.classList.remove("nav-open");
  document.querySelector(".nav-button")?.setAttribute("aria-expanded", "false");
}

function themeSwitch() {
  const place = h("div", { class: "theme", role: "group", "aria-label": "Colours" });
  const draw = () => {
    fill(
      place,
      THEMES.map(([name, label, sign]) =>
        h("button", {
          type: "button", class: "quiet icon-only", title: label, "aria-label": `Colours: ${label.toLowerCase()}`, "data-value": name,
          "aria-pressed": String(theme.current === name),
          on: { click: () => { theme.set(name); draw(); place.querySelector(`[data-value=${name}]`).focus(); } },
        }, icon(sign)),
      ),
    );
  };
  draw();
  return place;
}

/** Draws the shell into `app` and gives the element that pages are shown in. */
export function drawShell(app, session, signOut) {
  const main = h("main", { id: "main", tabindex: "-1" });
  const links = PLACES.filter(Boolean).map((place) => {
    const [name, href, label, sign] = place;
    const begins = PLACES[PLACES.indexOf(place) - 1] === null;
    const count = h("span", { class: "nav-count", hidden: true });
    return h("li", { class: begins ? "nav-begins" : null }, h("a", { href, "data-place": name }, icon(sign), h("span", null, label), count));
  });
  const toggle = h("button", {
    type: "button", class: "quiet icon-only nav-button", "aria-label": "Menu", "aria-expanded": "false", "aria-controls": "nav",
    on: { click: () => {
      const now = document.body.classList.toggle("nav-open");
      toggle.setAttribute("aria-expanded", String(now));
    } },
  }, icon("menu"));
  const link = h("span", { class: "link-state", role: "status" });
  fill(
    app,
    h("a", { class: "skip", href: "#main", on: { click: (event) => { event.preventDefault(); main.focus(); } } }, "Skip to the content"),
    h("div", { class: "frame" },
      h("header", { class: "top" },
        toggle,
        h("a", { class: "brand", href: "/" }, h("img", { src: "/icon.svg", alt: "", width: "24", height: "24" }), h("span", null, "MCP hub")),
        link,
      ),
      h("nav", { id: "nav", class: "nav", "aria-label": "Pages" },
        h("ul", null, links),
        h("div", { class: "nav-foot" },
          themeSwitch(),
          h("div", { class: "who" },
            h("span", null, session.username),
            h("button", { type: "button", class: "quiet", on: { click: signOut } }, icon("logout"), "Sign out"),
          ),
          h("p", { class: "muted small" }, `Version ${session.version}`),
        ),
      ),
      main,
    ),
  );
  const ended = new AbortController();
  onStatus(({ servers, connected, known, problem }) => {
    if (!main.isConnected) return ended.abort();
    count("overview", servers.filter((server) => server.state === "error").length, "with an error");
    count("tools", servers.reduce((sum, server) => sum + (server.changedTools?.length ?? 0), 0), "changed");
    count("config", problem ? 1 : 0, "problem");
    const words = connected || !known ? null : "No connection to the hub. Trying again…";
    if (link.textContent !== (words ?? "")) fill(link, words ? [icon("warn"), words] : null);
  }, ended.signal);
  return main;
}

function count(place, number, words) {
  const badge = document.querySelector(`.nav a[data-place=${place}] .nav-count`);
  if (!badge) return;
  badge.hidden = number === 0;
  fill(badge, number, h("span", { class: "unseen" }, ` ${words}`));
}

addEventListener("keydown", (event) => {
  const typing = event.target.closest?.("input, textarea, select, [contenteditable], .terminal-view");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    const field = document.querySelector("main input[type=search]");
    if (field) {
      event.preventDefault();
      field.focus();
      field.select();
    }
  }
  if (event.key === "Escape" && document.body.classList.contains("nav-open")) {
    document.body.classList.remove("nav-open");
    document.querySelector(".nav-button")?.focus();
  }
});
