"use strict";

const byId = (id) => document.getElementById(id);
const up = document.documentElement.dataset.up;
const source = new URL(up + "openapi.json", location.href);
source.search = "";
// What stands before the paths of the document, whatever host and prefix it was asked for under.
const base = source.href.slice(0, source.href.lastIndexOf("/"));

let spec = { paths: {} };
let tools = [];
// Kept here and nowhere else: it is gone when the page is.
let key = "";
let running = null;

/** An element; strings become text, never markup. */
function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children);
  return element;
}

function note(text, bad = false) {
  byId("note").textContent = text;
  byId("note").className = bad ? "bad" : "";
}

/** JSON text with line breaks; its tokens stay, so that no digit is lost. */
function pretty(text) {
  try { JSON.parse(text); } catch { return text; }
  let depth = 0;
  const line = () => "\n" + "  ".repeat(depth);
  return text.replace(/"(?:[^"\\]|\\.)*"|\{\s*\}|\[\s*\]|[{}[\],:]|\s+/g, (token) => {
    switch (token[0]) {
      case "{": case "[":
        if (token.length > 1) return token[0] + token[token.length - 1];
        depth += 1;
        return token + line();
      case "}": case "]": depth -= 1; return line() + token;
      case ",": return token + line();
      case ":": return ": ";
      case '"': return token;
      default: return "";
    }
  });
}

// --- Schemas

function target(reference) {
  const path = String(reference).split("/").slice(1).map((part) => part.replace(/~1/g, "/").replace(/~0/g, "~"));
  return path.reduce((place, part) => (place && Object.hasOwn(place, part) ? place[part] : undefined), spec);
}

/** The schema behind references and behind "or null". */
function plain(schema, steps = 20) {
  if (!schema || typeof schema !== "object" || steps === 0) return {};
  if (schema.$ref) return { ...plain(target(schema.$ref), steps - 1), ...schema, $ref: undefined };
  const choices = (schema.anyOf || schema.oneOf || []).filter((choice) => choice.type !== "null");
  if (choices.length === 1) return { ...plain(choices[0], steps - 1), ...schema, anyOf: undefined, oneOf: undefined };
  return schema;
}

/** The schema as text, and behind it each one it refers to. */
function described(schema) {
  const found = new Map([["", plain(schema)]]);
  for (const [, part] of found) {
    JSON.stringify(part, (name, value) => {
      if (name === "$ref" && typeof value === "string" && !found.has(value)) found.set(value, target(value));
      return value;
    });
  }
  return [...found].map(([name, part]) => `${name}\n${JSON.stringify(part, null, 2)}`).join("\n").trim();
}

// --- Forms. What is read from a field is JSON text, or undefined for nothing.

let count = 0;

function field(name, schema, required) {
  schema = plain(schema);
  const type = [schema.type].flat().find((type) => type && type !== "null");
  const id = `field${(count += 1)}`;
  const first = schema.default;
  const attributes = { id, name, "aria-describedby": `${id}h` };
  let input, read;
  const choices = schema.enum || (schema.const !== undefined && [schema.const]) || (type === "boolean" && [true, false])
    || (schema.oneOf && schema.oneOf.every((one) => Object.hasOwn(one, "const")) && schema.oneOf.map((one) => one.const));
  if (choices) {
    const titles = schema.enumNames || (schema.oneOf || []).map((one) => one.title);
    const options = choices.map((choice, at) =>
      make("option", { value: JSON.stringify(choice), selected: JSON.stringify(choice) === JSON.stringify(first) },
        String(titles[at] || (typeof choice === "object" ? JSON.stringify(choice) : choice))));
    input = make("select", attributes, make("option", { value: "" }, "–"), ...options);
    read = () => input.value || undefined;
  } else if (type === "number" || type === "integer") {
    input = make("input", { ...attributes, inputmode: "decimal", autocomplete: "off" });
    read = () => input.value.trim() || undefined;
  } else if (type === "string") {
    const secret = schema.format === "password" || schema.writeOnly;
    input = secret ? make("input", { ...attributes, type: "password", autocomplete: "off" })
      : make("textarea", { ...attributes, rows: 1, maxlength: schema.maxLength });
    read = () => (input.value || required ? JSON.stringify(input.value) : undefined);
  } else {
    input = make("textarea", { ...attributes, class: "json", rows: 3, spellcheck: "false", placeholder: "JSON" });
    read = () => input.value.trim() || undefined;
  }
  if (first !== undefined && !choices) input.value = type === "string" ? first : JSON.stringify(first);
  const hints = [type || "JSON", required && "required", schema.format, schema.minimum !== undefined && `≥ ${schema.minimum}`,
    schema.maximum !== undefined && `≤ ${schema.maximum}`].filter(Boolean).join(", ");
  const element = make("div", { class: "field" },
    make("label", { for: id }, schema.title || name, " ", make("span", { class: "hint" }, hints)),
    input,
    make("div", { class: "hint text", id: `${id}h` }, schema.description || ""));
  return { element, read: () => checked(input, name, read(), required) };
}

function checked(input, name, text, required) {
  let fault = text === undefined && required ? "is required" : "";
  try { if (text !== undefined) JSON.parse(text); } catch (error) { fault = `is not JSON: ${error.message}`; }
  input.setAttribute("aria-invalid", fault !== "");
  if (!fault) return text;
  input.focus();
  throw new Error(`${name} ${fault}`);
}

/** Fields for an object: one for each property, or one for all of it. */
function fields(schema) {
  schema = plain(schema);
  const names = Object.entries(schema.properties || {});
  if (names.length === 0) {
    const only = field("arguments", { description: "The arguments as a JSON object; nothing for none." }, false);
    return { elements: [only.element], read: () => only.read() || "{}" };
  }
  const all = names.map(([name, part]) => [name, field(name, part, (schema.required || []).includes(name))]);
  const read = () => {
    const members = all.map(([name, one]) => [name, one.read()]).filter(([, text]) => text !== undefined);
    return `{${members.map(([name, text]) => `${JSON.stringify(name)}:${text}`).join(",")}}`;
  };
  return { elements: all.map(([, one]) => one.element), read };
}

// --- Requests

const authorization = () => (key ? { authorization: `Bearer ${key}` } : {});

/** Posts a body and shows what comes back at `out`. */
async function post(tool, url, body, out, live) {
  if (running) running.abort();
  const own = (running = new AbortController());
  out.replaceChildren(make("p", {}, "Waiting… ", make("button", { type: "button", onclick: () => own.abort() }, "Stop")));
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", accept: live ? "text/event-stream" : "application/json", ...authorization() },
      body,
      signal: own.signal,
      cache: "no-store",
      redirect: "error",
    });
    const kind = response.headers.get("content-type") || "";
    if (kind.startsWith("text/event-stream")) await follow(tool, response, out);
    else show(tool, `${response.status} ${response.statusText}`, await response.text(), out, live, response.ok);
    if (response.status === 401) ask("The answer is 401. If it is the proxy that wants a key, enter one.");
  } catch (error) {
    if (running === own) out.replaceChildren(make("p", { class: "bad" }, own.signal.aborted ? "Stopped." : `No answer: ${error.message}`));
  } finally {
    if (running === own) running = null;
  }
}

/** Shows events as they come, and the result where the last of them says it. */
async function follow(tool, response, out) {
  const told = make("ol");
  const end = make("div");
  out.querySelector("p").after(told, end);
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let over = false;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    const events = (rest + value).replace(/\r\n/g, "\n").split("\n\n");
    rest = events.pop();
    for (const event of events) {
      const lines = event.split("\n");
      const of = (name) => lines.filter((line) => line.startsWith(name)).map((line) => line.slice(name.length).trim());
      const [kind = "message"] = of("event:");
      const data = of("data:").join("\n");
      if (!data) continue;
      if (["result", "error", "input"].includes(kind)) {
        over = true;
        show(tool, kind, data, end, true, kind === "result");
      } else {
        told.append(make("li", { class: "text" }, `${kind}: ${data}`));
        told.scrollTop = told.scrollHeight;
      }
    }
  }
  out.querySelector("p").remove();
  if (!over) end.replaceChildren(make("p", { class: "bad" }, "The stream ended without a result."));
}

function show(tool, status, text, out, live, good) {
  let body = null;
  try { body = JSON.parse(text); } catch { /* shown as it is */ }
  const failed = !good || (body && body.isError === true);
  const parts = [make("p", { class: failed ? "bad" : "" }, make("strong", {}, status))];
  if (body && body.token && body.requests) parts.push(questions(tool, body, out, live));
  const blocks = body && Array.isArray(body.content) ? body.content : [];
  const texts = blocks.filter((block) => block && typeof block.text === "string");
  if (texts.length > 0) parts.push(make("h3", {}, "Text"), ...texts.map((block) => make("pre", {}, block.text)));
  const all = make("details", {}, make("summary", {}, "Whole answer"), make("pre", {}, pretty(text)));
  all.open = texts.length === 0;
  out.replaceChildren(...parts, all);
}

/** The form for what a server asks in the middle of a call. */
function questions(tool, body, out, live) {
  const all = Object.entries(body.requests).map(([name, request]) => {
    const params = request.params || {};
    const parts = [make("legend", {}, request.method), make("p", { class: "text" }, params.message || "")];
    if (request.method !== "elicitation/create") {
      const only = field("result", { description: `The result of ${request.method}, as a JSON object.` }, true);
      parts.push(make("pre", {}, JSON.stringify(params, null, 2)), only.element);
      return { name, element: make("fieldset", {}, ...parts), read: only.read };
    }
    const options = ["accept", "decline", "cancel"].map((word) => make("option", {}, word));
    const action = make("select", { "aria-label": "Answer" }, ...options);
    const form = params.requestedSchema ? fields(params.requestedSchema) : null;
    if (params.url) {
      const link = /^https?:\/\//i.test(params.url);
      const attributes = { href: params.url, target: "_blank", rel: "noopener noreferrer" };
      parts.push(make("p", { class: "text" }, link ? make("a", attributes, params.url) : String(params.url)));
    }
    parts.push(...(form ? form.elements : []), action);
    const read = () => {
      const content = action.value === "accept" && form ? `,"content":${form.read()}` : "";
      return `{"action":"${action.value}"${content}}`;
    };
    return { name, element: make("fieldset", {}, ...parts), read };
  });
  const fault = make("span", { class: "bad", role: "alert" });
  const send = (event) => {
    event.preventDefault();
    try {
      const answers = all.map((one) => `${JSON.stringify(one.name)}:${one.read()}`).join(",");
      const text = `{"token":${JSON.stringify(body.token)},"answers":{${answers}}}`;
      post(tool, `${tool.root}/api/mcp/${encodeURIComponent(tool.server)}/input`, text, out, live);
    } catch (error) { fault.textContent = error.message; }
  };
  return make("form", { onsubmit: send }, ...all.map((one) => one.element),
    make("div", { class: "row" }, make("button", {}, "Answer"), fault));
}

// --- The page

function ask(text) {
  note(text, true);
  byId("key").focus();
}

function open() {
  const tool = tools.find((tool) => `#${tool.id}` === location.hash);
  list();
  if (!tool) return;
  if (running) running.abort();
  const { operation } = tool;
  const request = operation.requestBody.content["application/json"].schema;
  const form = fields(request);
  const known = (operation.parameters || []).map((one) => String(one.$ref).split("/").pop());
  const box = (label, there) => {
    const input = make("input", { type: "checkbox" });
    return { input, element: there ? make("label", {}, input, ` ${label}`) : null };
  };
  const live = box("Show progress live", known.includes("prefer"));
  const notes = box("List notifications in the answer", known.includes("notifications"));
  const strict = box("Errors of the tool as status 422", known.includes("strict"));
  const out = make("section", { "aria-label": "Answer", "aria-live": "polite" });
  const fault = make("span", { class: "bad", role: "alert" });
  const send = (event) => {
    event.preventDefault();
    fault.textContent = "";
    try {
      const query = [notes.input.checked && "notifications=true", strict.input.checked && "strict=true"].filter(Boolean);
      post(tool, base + tool.path + (query.length ? `?${query.join("&")}` : ""), form.read(), out, live.input.checked);
    } catch (error) { fault.textContent = error.message; }
  };
  const answer = ((operation.responses || {})["200"] || {}).content;
  const detail = (title, schema) => schema && make("details", {}, make("summary", {}, title),
    make("pre", {}, described(schema)));
  const hints = operation["x-mcp-annotations"];
  byId("tool").replaceChildren(...[
    make("h2", {}, operation.summary),
    make("p", {}, make("code", {}, `POST ${tool.path}`)),
    make("p", { class: "text" }, operation.description || ""),
    hints && make("p", { class: "hint text" }, Object.entries(hints).map(([name, value]) => `${name}: ${value}`).join(", ")),
    detail("Arguments", request),
    detail("Answer", answer && answer["application/json"].schema),
    make("form", { onsubmit: send }, ...form.elements,
      make("div", { class: "row" }, ...[live, notes, strict].map((one) => one.element).filter(Boolean)),
      make("div", { class: "row" }, make("button", {}, "Send"), fault)),
    out,
  ].filter(Boolean));
  byId("tool").focus();
}

function list() {
  const wanted = byId("search").value.toLowerCase().split(/\s+/);
  const fits = (tool) => wanted.every((word) => tool.words.includes(word));
  const items = [];
  let last;
  for (const tool of tools.filter(fits)) {
    if (tool.server !== last) items.push(make("li", { class: "server" }, (last = tool.server)));
    const href = `#${tool.id}`;
    items.push(make("li", {}, make("a", { href, "aria-current": href === location.hash && "page" }, tool.operation.summary)));
  }
  byId("list").replaceChildren(...(items.length ? items : [make("li", {}, "No tool.")]));
}

async function load() {
  note("Loading…");
  try {
    const response = await fetch(source, { headers: authorization(), cache: "no-store" });
    if (response.status === 401) return ask(key ? "This key is not accepted." : "A key is needed.");
    if (!response.ok) return note(`The document cannot be had: ${response.status} ${response.statusText}`, true);
    spec = await response.json();
  } catch (error) {
    return note(`The document cannot be had: ${error.message}`, true);
  }
  const short = !Object.keys(spec.paths).some((path) => path.startsWith("/api/"));
  const root = short ? base.slice(0, base.lastIndexOf("/")) : base;
  tools = Object.entries(spec.paths).filter(([, item]) => item.post && (item.post.tags || [])[0] !== "mcp").map(([path, item]) => {
    const operation = item.post;
    const server = (operation.tags || [""])[0];
    const words = [path, server, operation.summary, operation.description].join(" ").toLowerCase();
    return { id: operation.operationId, path, server, operation, root, words };
  });
  byId("title").textContent = document.title = spec.info.title;
  byId("unlock").hidden = (spec.security || []).length === 0;
  note(tools.length ? "" : "No server lists a tool.");
  open();
}

byId("search").addEventListener("input", list);
addEventListener("hashchange", open);
addEventListener("keydown", (event) => {
  const typing = event.target.closest("input, textarea, select");
  if (event.key !== "/" || typing || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  byId("search").focus();
});
byId("unlock").addEventListener("submit", (event) => {
  event.preventDefault();
  key = byId("key").value.trim();
  byId("key").value = "";
  load();
});
load();
