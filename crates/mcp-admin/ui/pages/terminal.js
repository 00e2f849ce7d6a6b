// Shells on the machine of the hub: several, each kept when the page is left, and found again after a reload.
import { ApiError, del, get, path, post, stream } from "../lib/api.js";
import { ask } from "../lib/dialog.js";
import { calm, fill, h } from "../lib/dom.js";
import { ago } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head, notice } from "../lib/parts.js";
import { setQuery } from "../lib/router.js";
import { terminalView } from "../lib/terminal-view.js";
import { fail } from "../lib/toast.js";

export async function show(view, { query, signal, session }) {
  const place = h("div", { class: "stack" });
  if (!session.features.terminal) {
    fill(view, head("Terminal", "A shell on the machine of the hub, in this page."), place);
    return fill(place, empty("The terminal is switched off", "It gives everyone who can log in here all rights of the hub's user, so it has a switch of its own. Start the hub with --admin-terminal (or ENABLE_ADMIN_TERMINAL=true) to have it."));
  }
  const bar = h("div", { class: "tabs terminal-tabs", role: "group", "aria-label": "Terminals" });
  const screen = h("div", { class: "terminal-view" });
  const frame = h("div", { class: "terminal-frame" }, screen);
  const nothing = h("div");
  const said = h("p", { class: "muted small", role: "status" });
  const add = h("button", { type: "button", class: "primary", on: { click: () => make().catch(fail) } }, icon("add"), "New terminal");
  let current = null;
  let terminals = [];

  const list = async () => {
    terminals = (await get("/terminals", { signal })).terminals;
    drawBar();
  };
  const drawBar = () => {
    fill(bar, terminals.map((one, at) => h("span", { class: "terminal-tab" },
      h("button", { type: "button", "aria-pressed": String(one.id === current?.id), title: `Process ${one.pid}, since ${ago(one.since)}, last used ${ago(one.lastActivity)}`, on: { click: () => attach(one.id).catch(fail) } }, icon("terminal"), one.title || `Terminal ${at + 1}`),
      h("button", { type: "button", class: "quiet icon-only", "aria-label": `End terminal ${at + 1}`, on: { click: () => kill(one) } }, icon("close")))));
    const none = terminals.length === 0 && !current;
    frame.hidden = none;
    fill(nothing, none ? empty("No terminal is open", "Open one to type commands for the machine that the hub runs on.", h("button", { type: "button", class: "primary", on: { click: () => make().catch(fail) } }, icon("add"), "Open a terminal")) : null);
  };
  const leave = () => {
    current?.close();
    current = null;
    fill(screen);
  };
  const make = async () => {
    const { id } = await post("/terminals", current?.size ?? { cols: 100, rows: 30 });
    await list();
    await attach(id);
  };
  const kill = async (one) => {
    if (!(await ask({ title: "End this terminal?", text: "The shell and everything that it has started are ended.", yes: "End it", danger: true }))) return;
    try {
      await del(`/terminals${path(one.id)}`);
    } catch (error) {
      if (!(error instanceof ApiError && error.status === 404)) fail(error);
    }
    if (current?.id === one.id) leave();
    said.textContent = "";
    await list().catch(fail);
    if (!current && terminals.length > 0) await attach(terminals[0].id).catch(fail);
  };
  const attach = async (id) => {
    leave();
    frame.hidden = false;
    fill(nothing);
    setQuery({ id });
    current = await connect(id, screen, said, signal, () => list().catch(() => {}));
    drawBar();
    if (!current.full) fill(note, notice("info", h("p", null, "This hub was built without xterm.js, so the terminal is a plain one: no colours, and no programs that draw on the whole screen. Building it with ", h("code", null, "cargo xtask ui"), " before ", h("code", null, "cargo build"), " gives the full one.")));
  };
  const note = h("div");
  signal.addEventListener("abort", leave, { once: true });
  fill(view, head("Terminal", "A shell on the machine of the hub, with the rights of the hub. It goes on when you leave the page, and ends when it is idle for long. Control+Shift+Escape moves the focus out of it.", add), note, bar, nothing, frame, said);
  await list();
  const wanted = query.get("id");
  const first = terminals.find((one) => one.id === wanted) ?? terminals[0];
  // The size of a screen is known only once it is in the page.
  requestAnimationFrame(() => {
    if (!signal.aborted && first) attach(first.id).catch(fail);
  });
  screen.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.ctrlKey && event.shiftKey) {
      event.stopPropagation();
      add.focus();
    }
  }, true);
}

/** Joins a terminal: its screen, its socket, and the size of one told to the other. */
async function connect(id, screen, said, signal, changed) {
  const own = new AbortController();
  const place = h("div", { class: "terminal-place" });
  fill(screen, place);
  let socket = null;
  let size = null;
  let wait = 500;
  let ended = false;
  // Bytes still to come that were shown before, and writes of them that go on: a screen answers what a program asks it, and
  // what was asked then has been answered.
  let again = 0;
  let replaying = 0;
  const send = (data) => socket?.readyState === WebSocket.OPEN && socket.send(data);
  const terminal = await terminalView(place, (data) => replaying === 0 && send(data));
  const shown = (bytes) => {
    const old = Math.min(again, bytes.length);
    again -= old;
    if (old > 0) {
      replaying += 1;
      terminal.write(bytes.subarray(0, old), () => { replaying -= 1; });
    }
    if (old < bytes.length) terminal.write(bytes.subarray(old));
  };
  globalThis.adminTerminal = terminal;
  const resize = () => {
    if (!place.isConnected) return;
    const now = terminal.fit();
    if (size && now.cols === size.cols && now.rows === size.rows) return;
    size = now;
    send(JSON.stringify({ resize: size }));
  };
  const watcher = new ResizeObserver(calm(100, resize));
  watcher.observe(screen);
  const open = async () => {
    const { ticket } = await post(`/terminals${path(id)}/ticket`);
    if (own.signal.aborted) return;
    const url = new URL(`${stream(`/terminals${path(id)}/socket`)}?ticket=${encodeURIComponent(ticket)}`, location.href);
    url.protocol = url.protocol.replace("http", "ws");
    socket = new WebSocket(url);
    socket.binaryType = "arraybuffer";
    socket.onopen = () => {
      wait = 500;
      again = 0;
      terminal.reset();
      said.textContent = "Connected.";
      size = null;
      resize();
      terminal.focus();
    };
    socket.onmessage = ({ data }) => {
      if (typeof data !== "string") return shown(new Uint8Array(data));
      const { exit, replay } = JSON.parse(data);
      if (replay) again = replay;
      if (!exit) return;
      ended = true;
      said.textContent = exit.signal ? `The shell was ended by signal ${exit.signal}.` : `The shell has ended with code ${exit.code ?? 0}.`;
      changed();
    };
    socket.onclose = () => {
      if (own.signal.aborted || ended) return;
      said.textContent = "The connection is lost. Trying again…";
      setTimeout(retry, wait);
      wait = Math.min(wait * 2, 10_000);
    };
  };
  const retry = () => {
    if (own.signal.aborted) return;
    open().catch((error) => {
      if (error.status === 404) {
        said.textContent = "This terminal has ended.";
        changed();
      } else if (error.status !== 401) setTimeout(retry, wait);
    });
  };
  resize();
  await open();
  terminal.onTitle(calm(300, changed));
  return {
    id, full: terminal.full,
    get size() { return size; },
    close: () => {
      own.abort();
      watcher.disconnect();
      socket?.close();
      terminal.dispose();
    },
  };
}
