// The form of one server's entry in the configuration. What the form does not know stays in the entry as it is.
import { fill, h } from "./dom.js";
import { linesEdit, listEdit, MASK, pairsEdit } from "./lists.js";
import { check, field, group, segments, select } from "./parts.js";

const KINDS = [["stdio", "Program on this machine"], ["http", "Behind a URL"], ["sse", "Behind a URL, older SSE"]];
const OF_KIND = { stdio: ["command", "args", "env", "cwd", "installDirectory", "installCommands", "installShell"], url: ["url", "headers", "bearerToken", "apiKey"] };
const URLS = ["url", "serverUrl", "httpUrl"];

/** Which kind an entry is. */
export function kindOf(entry) {
  const type = entry.type ?? entry.transport;
  if (type === "sse") return "sse";
  if (typeof type === "string" && /http/.test(type)) return "http";
  if (type === "stdio" || entry.command !== undefined) return "stdio";
  return URLS.some((key) => entry[key] !== undefined) ? "http" : "stdio";
}

/** A text field of the entry that is left out while it is empty. */
function text(entry, key, attributes) {
  const input = h("input", { value: entry[key] ?? "", spellcheck: "false", autocomplete: "off", ...attributes });
  return { input, read: (into) => put(into, key, input.value.trim() || undefined) };
}

/** A secret: never shown, kept unless something is written or it is taken out. */
function secret(entry, key, onChange) {
  const had = entry[key] !== undefined;
  const masked = entry[key] === MASK;
  const input = h("input", { type: "text", class: "mono", value: masked ? "" : entry[key] ?? "", autocomplete: "off", spellcheck: "false", placeholder: masked ? "kept (not shown)" : "", on: { input: onChange } });
  const remove = check("Take it out", false, { on: { change: () => { input.disabled = remove.box.checked; onChange(); } } });
  return {
    view: h("div", { class: "row" }, h("div", { class: "grow" }, input), had && masked ? remove.view : null),
    read: (into) => put(into, key, remove.box.checked ? undefined : input.value || (masked ? MASK : undefined)),
  };
}

function put(into, key, value) {
  if (value === undefined || (Array.isArray(value) && value.length === 0) || (typeof value === "object" && value !== null && !Array.isArray(value) && Object.keys(value).length === 0)) delete into[key];
  else into[key] = value;
}

/** Draws the form. Gives `{ view, read(), problems() }`; `read` is the whole entry, with what the form does not know. */
export function entryForm(entry, { onChange = () => {} } = {}) {
  let kind = kindOf(entry);
  const place = h("div", { class: "stack" });
  const urlKey = URLS.find((key) => entry[key] !== undefined) ?? "url";
  const more = moreFields(entry, onChange);
  const parts = {};
  const draw = () => fill(place, kind === "stdio" ? parts.stdio.view : parts.url.view);

  const command = text(entry, "command", { class: "mono", placeholder: "npx", on: { input: onChange } });
  const args = listEdit(entry.args, { onChange });
  const env = pairsEdit(entry.env, { onChange });
  const cwd = text(entry, "cwd", { class: "mono", placeholder: "the folder the hub was started in", on: { input: onChange } });
  const directory = text(entry, "installDirectory", { class: "mono", on: { input: onChange } });
  const commands = listEdit(entry.installCommands, { item: "Install command", placeholder: "git clone https://…", add: "Add a command", onChange });
  const shell = check("Run these commands through a shell (for pipes and &&)", entry.installShell === true, { on: { change: onChange } });
  parts.stdio = {
    view: h("div", { class: "stack" },
      field("Command", command.input, "The program to start. No shell reads it, so nothing needs quotes."),
      group("Arguments", args.view, "One in each line, exactly as the program shall get it; commas and spaces are part of it."),
      group("Environment variables", env.view),
      field("Working directory", cwd.input),
      h("details", { open: Boolean(entry.installCommands || entry.installDirectory) }, h("summary", null, "Installation (for servers that must be downloaded or built first)"),
        h("div", { class: "stack inset" }, field("Folder", directory.input, "If it is missing, the commands below make it. Empty: a folder of the server's name in the tools folder."), group("Commands", commands.view, "Run one after the other, only after you have seen and started them on the page Install."), shell.view))),
    read: (into) => {
      command.read(into);
      put(into, "args", args.value());
      put(into, "env", env.value());
      cwd.read(into);
      directory.read(into);
      put(into, "installCommands", sameCommands(entry.installCommands, commands.value()));
      put(into, "installShell", shell.box.checked || undefined);
    },
    problems: () => [...(command.input.value.trim() === "" ? ["Command is empty"] : []), ...env.problems()],
  };

  const url = text({ url: entry[urlKey] }, "url", { type: "url", class: "mono", placeholder: "https://example.com/mcp", on: { input: onChange } });
  const bearer = secret(entry, "bearerToken", onChange);
  const apiKey = secret(entry, "apiKey", onChange);
  const headers = pairsEdit(entry.headers, { item: "Header", add: "Add a header", onChange });
  parts.url = {
    view: h("div", { class: "stack" },
      field("URL", url.input),
      field("Bearer token", bearer.view, "Sent as “Authorization: Bearer …”. Most hosted servers want this."),
      field("API key", apiKey.view, "Sent as “X-API-Key: …”."),
      group("Other headers", headers.view)),
    read: (into) => {
      put(into, urlKey, url.input.value.trim() || undefined);
      bearer.read(into);
      apiKey.read(into);
      put(into, "headers", headers.value());
    },
    problems: () => [...(/^https?:\/\/./.test(url.input.value.trim()) || url.input.value.includes("${") ? [] : ["URL must begin with http:// or https://"]), ...headers.problems()],
  };

  draw();
  const view = h("div", { class: "stack" },
    h("div", { class: "field" }, h("span", { class: "label" }, "Kind"), segments("Kind of server", KINDS, kind, (value) => { kind = value; draw(); onChange(); })),
    place, more.view);
  return {
    view,
    problems: () => (kind === "stdio" ? parts.stdio : parts.url).problems(),
    read: () => {
      const into = structuredClone(entry);
      const before = kindOf(entry);
      if (kind !== before) {
        for (const key of before === "stdio" ? OF_KIND.stdio : kind === "stdio" ? [...OF_KIND.url, ...URLS] : []) delete into[key];
        delete into.transport;
        into.type = kind;
        if (kind === "stdio") delete into.type;
      }
      (kind === "stdio" ? parts.stdio : parts.url).read(into);
      more.read(into);
      return into;
    },
  };
}

/** A command that was given as a list stays one, as long as its text is the same. */
function sameCommands(before, texts) {
  const lists = new Map((before ?? []).filter(Array.isArray).map((list) => [JSON.stringify(list), list]));
  return texts.filter((line) => line.trim() !== "").map((line) => lists.get(line) ?? line);
}

function moreFields(entry, onChange) {
  const on = { change: onChange, input: onChange };
  const choice = (key, options) => {
    const control = select([["", "as the hub says"], ...options], entry[key] ?? "", { on });
    return { key, control, read: (into) => put(into, key, control.value || undefined) };
  };
  const session = choice("session", [["shared", "one for all clients"], ["dedicated", "one for each client"]]);
  const start = choice("start", [["launch", "with the hub"], ["demand", "with its first use"]]);
  const idle = text(entry, "idleTimeout", { placeholder: "as the hub says, for example 30m or off", on });
  const pin = select([["", "nothing"], ["warn", "tell me"], ["block", "hide it until I approve it"]], ["warn", "block"].includes(entry.pin) ? entry.pin : "", { on });
  const deny = linesEdit(entry.deny, { placeholder: "delete_*", on });
  const allow = linesEdit(entry.allow, { placeholder: "all", on });
  return {
    view: h("details", null, h("summary", null, "More settings"),
      h("div", { class: "columns inset" },
        field("Processes", session.control, "Whether clients share one process or each gets its own."),
        field("Start", start.control),
        field("Stop when unused for", idle.input),
        field("If a tool's definition changes", pin, "A changed description can mislead an AI; this notices it."),
        field("Only these tools", allow.view, "Names, one a line; * stands for anything. Empty: all."),
        field("Never these tools", deny.view))),
    read: (into) => {
      session.read(into);
      start.read(into);
      if (String(entry.idleTimeout ?? "") !== idle.input.value.trim()) idle.read(into);
      if (pin.value !== (entry.pin ?? "") && !(entry.pin === "off" && pin.value === "")) put(into, "pin", pin.value || undefined);
      put(into, "deny", deny.value());
      put(into, "allow", allow.value());
    },
  };
}
