// A terminal in the page: xterm.js where it was built in, otherwise a plain one of our own.
import { h } from "./dom.js";
import { strictStyles } from "./strict-styles.js";
import { plainScreen } from "./plain-screen.js";

/** Makes a terminal: `write(bytes, done)`, `fit() -> {cols, rows}`, `onData`, `focus`, `dispose`, and whether it is the full one. */
export async function terminalView(place, onData) {
  const xterm = await load();
  return xterm ? full(xterm, place, onData) : simple(place, onData);
}

async function load() {
  // Asked first: a hub without it answers with the shell, as for every path that it does not know.
  const there = await fetch("/vendor/xterm.js", { method: "HEAD" }).then((answer) => answer.ok && /javascript/.test(answer.headers.get("content-type")), () => false);
  if (!there) return null;
  strictStyles();
  const [core, fit] = await Promise.all([import("/vendor/xterm.js"), import("/vendor/addon-fit.js")]);
  await new Promise((resolve) => {
    const sheet = h("link", { rel: "stylesheet", href: "/vendor/xterm.css", on: { load: resolve, error: resolve } });
    if (document.querySelector('link[href="/vendor/xterm.css"]')) resolve();
    else document.head.append(sheet);
  });
  // The packages come as modules or as scripts that set globals.
  const Terminal = core.Terminal ?? globalThis.Terminal;
  const FitAddon = fit.FitAddon ?? globalThis.FitAddon?.FitAddon ?? globalThis.FitAddon;
  return Terminal && FitAddon ? { Terminal, FitAddon } : null;
}

function colours() {
  const style = getComputedStyle(document.documentElement);
  const of = (name) => style.getPropertyValue(name).trim();
  return { background: of("--terminal-bg"), foreground: of("--terminal-text"), cursor: of("--terminal-text"), selectionBackground: of("--terminal-selection") };
}

function full({ Terminal, FitAddon }, place, onData) {
  const style = getComputedStyle(document.documentElement);
  const terminal = new Terminal({ fontFamily: style.getPropertyValue("--mono").trim(), fontSize: 14, scrollback: 5000, cursorBlink: !matchMedia("(prefers-reduced-motion: reduce)").matches, theme: colours(), screenReaderMode: true, allowProposedApi: false });
  const fit = new FitAddon();
  terminal.loadAddon(fit);
  terminal.open(place);
  terminal.onData((text) => onData(new TextEncoder().encode(text)));
  terminal.onBinary((text) => onData(Uint8Array.from(text, (sign) => sign.charCodeAt(0) & 255)));
  return {
    full: true,
    write: (bytes, done) => terminal.write(bytes, done),
    reset: () => terminal.reset(),
    fit: () => {
      fit.fit();
      return { cols: terminal.cols, rows: terminal.rows };
    },
    onTitle: (listener) => terminal.onTitleChange(listener),
    focus: () => terminal.focus(),
    dispose: () => terminal.dispose(),
    get text() {
      const buffer = terminal.buffer.active;
      return Array.from({ length: terminal.rows }, (_, at) => buffer.getLine(buffer.viewportY + at)?.translateToString(true) ?? "").join("\n");
    },
  };
}

const KEYS = { Enter: "\r", Backspace: "\x7f", Tab: "\t", Escape: "\x1b", ArrowUp: "\x1b[A", ArrowDown: "\x1b[B", ArrowRight: "\x1b[C", ArrowLeft: "\x1b[D", Home: "\x1b[H", End: "\x1b[F", Delete: "\x1b[3~", PageUp: "\x1b[5~", PageDown: "\x1b[6~" };

/** Lines of text without colours: enough for a shell, not for every program that draws on the whole screen. */
function simple(place, onData) {
  const view = h("pre", { class: "terminal-plain", tabindex: "0", role: "textbox", "aria-multiline": "true", "aria-label": "Terminal" });
  const send = (text) => onData(new TextEncoder().encode(text));
  const decoder = new TextDecoder();
  const screen = plainScreen();
  const fit = () => screen.resize({ cols: Math.max(20, Math.floor(view.clientWidth / 8.5)), rows: Math.max(5, Math.floor(view.clientHeight / 19)) });
  view.addEventListener("keydown", (event) => {
    if (event.metaKey || event.altKey || (event.ctrlKey && event.shiftKey)) return;
    const key = event.ctrlKey ? (/^[a-z]$/.test(event.key) ? String.fromCharCode(event.key.charCodeAt(0) - 96) : null) : KEYS[event.key] ?? (event.key.length === 1 ? event.key : null);
    // What is marked is copied; with nothing marked, the program is interrupted.
    if (key === null || (event.ctrlKey && (event.key === "v" || (event.key === "c" && String(getSelection()) !== "")))) return;
    event.preventDefault();
    send(key);
  });
  view.addEventListener("paste", (event) => {
    event.preventDefault();
    send(event.clipboardData.getData("text"));
  });
  place.append(view);
  return {
    full: false,
    write: (bytes, done) => {
      screen.write(decoder.decode(bytes, { stream: true }));
      view.textContent = screen.text("▏");
      view.scrollTop = view.scrollHeight;
      done?.();
    },
    reset: () => screen.reset(),
    fit,
    onTitle: () => {},
    focus: () => view.focus(),
    dispose: () => view.remove(),
    get text() { return screen.text(); },
  };
}
