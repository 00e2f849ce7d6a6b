// Says what the key under the cursor means, and which keys there are beside it, from the configuration's schema.
import { get } from "./api.js";
import { fill, h } from "./dom.js";

/** Loads the schema; `show(text, at)` draws what is known of that place. */
export async function schemaHelp() {
  const schema = await get("/config/schema").catch(() => null);
  const view = h("aside", { class: "card config-help stack-small", "aria-label": "Help for the place of the cursor" });
  let shown = null;
  const show = (text, at) => {
    if (!schema) return;
    const path = placeOf(text, at);
    const words = path.join("\n");
    if (words === shown) return;
    shown = words;
    draw(view, schema, path);
  };
  show("", 0);
  return { view, show };
}

function follow(schema, root) {
  let at = schema;
  for (let left = 8; left > 0 && at && typeof at.$ref === "string"; left -= 1) at = at.$ref.slice(2).split("/").reduce((one, part) => one?.[part], root);
  return at ?? {};
}

/** All alternatives of a schema, itself first. */
function all(schema, root) {
  const at = follow(schema, root);
  return [at, ...(at.anyOf ?? at.oneOf ?? []).flatMap((one) => all(one, root))];
}

function step(schemas, key, root) {
  return schemas.flatMap((one) => {
    if (one.properties && Object.hasOwn(one.properties, key)) return all(one.properties[key], root);
    if (/^\d+$/.test(key) && one.items) return all(one.items, root);
    return one.additionalProperties && typeof one.additionalProperties === "object" ? all(one.additionalProperties, root) : [];
  });
}

function draw(view, schema, path) {
  let known = [];
  let schemas = all(schema, schema);
  let parent = schemas;
  let depth = 0;
  for (const key of path) {
    const next = step(schemas, key, schema);
    if (next.length === 0) break;
    parent = schemas;
    schemas = next;
    depth += 1;
  }
  known = schemas.find((one) => one.description);
  const container = schemas.some((one) => one.properties) ? schemas : parent;
  const keys = Object.entries(Object.assign({}, ...container.map((one) => one.properties ?? {})));
  const facts = schemas.flatMap((one) => [one.enum ? `one of ${one.enum.map((value) => JSON.stringify(value)).join(", ")}` : null, one.default === undefined ? null : `without it: ${JSON.stringify(one.default)}`]).filter(Boolean);
  fill(view,
    h("h2", null, path.slice(0, depth).join(" › ") || "The file"),
    depth < path.length ? h("p", { class: "text-warn" }, `${path[depth]} is not a key that the hub knows.`) : null,
    known ? h("p", null, known.description) : depth === 0 ? h("p", { class: "muted" }, "Put the cursor on a key to see what it means.") : null,
    facts.length > 0 ? h("p", { class: "muted small" }, [...new Set(facts)].join("; ")) : null,
    keys.length > 0 ? h("details", { open: matchMedia("(min-width: 1051px)").matches }, h("summary", null, "Keys that may stand here"), h("dl", { class: "keys" }, keys.map(([name, one]) => [h("dt", { class: "mono" }, name), h("dd", { class: "muted small" }, follow(one, schema).description ?? "")]))) : null);
}

/** The keys that lead to a place in JSON with comments: `["mcpServers", "time", "args", "0"]`. */
export function placeOf(text, at) {
  const stack = [];
  let key = null;
  let expecting = true;
  for (let i = 0; i < text.length && i < at; i += 1) {
    const sign = text[i];
    if (sign === "/" && text[i + 1] === "/") i = (text.indexOf("\n", i) + 1 || text.length) - 1;
    else if (sign === "/" && text[i + 1] === "*") i = (text.indexOf("*/", i) + 2 || text.length + 1) - 1;
    else if (sign === "\"") {
      let end = i + 1;
      while (end < text.length && text[end] !== "\"" && text[end] !== "\n") end += text[end] === "\\" ? 2 : 1;
      if (expecting && stack.at(-1)?.kind === "{") key = text.slice(i + 1, end);
      i = end;
    } else if (sign === "{" || sign === "[") {
      stack.push({ kind: sign, key, index: 0 });
      key = null;
      expecting = true;
    } else if (sign === "}" || sign === "]") {
      key = stack.pop()?.key ?? null;
    } else if (sign === ":") expecting = false;
    else if (sign === ",") {
      const top = stack.at(-1);
      if (top) top.index += 1;
      key = null;
      expecting = true;
    }
  }
  const path = [];
  stack.forEach((one, depth) => {
    if (depth > 0) path.push(one.key ?? String(stack[depth - 1].index));
  });
  if (key !== null) path.push(key);
  return path;
}
