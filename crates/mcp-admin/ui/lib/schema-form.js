// Makes a form from a JSON schema: texts, numbers, switches, choices, lists, nested objects; raw JSON for what is left.
import { fill, freshId, h } from "./dom.js";
import { icon } from "./icons.js";
import { select } from "./parts.js";

const DEEPEST = 6;
const LONG = /text|content|body|prompt|message|query|code|html|markdown|script|sql|instructions/i;

/** Draws a form of an object schema. `read()` is the object; `problems()` are sentences about what cannot be sent. */
export function schemaForm(schema, value = {}) {
  const root = schema ?? {};
  const node = objectNode(resolve(root, root), root, value, 0);
  return { view: h("div", { class: "stack" }, node.fields.length > 0 ? node.view : h("p", { class: "muted" }, "It takes no parameters.")), read: () => node.read() ?? {}, problems: node.problems, writable: node.fields.length > 0 };
}

/** Follows references inside of the schema, a few at most. */
function resolve(schema, root, left = 8) {
  if (schema === true || schema === undefined || schema === null) return {};
  if (typeof schema.$ref !== "string" || left === 0) return schema;
  if (!schema.$ref.startsWith("#")) return schema;
  let at = root;
  for (const part of schema.$ref.slice(1).split("/").filter(Boolean)) at = at?.[decodeURIComponent(part).replaceAll("~1", "/").replaceAll("~0", "~")];
  const { $ref: _, ...beside } = schema;
  return at ? resolve({ ...at, ...beside }, root, left - 1) : schema;
}

/** The choices of a schema, as `[value, label]`, if it is a choice. */
function choices(schema) {
  if (Array.isArray(schema.enum)) return schema.enum.map((value, at) => [value, schema.enumNames?.[at] ?? String(value)]);
  const alternatives = schema.oneOf ?? schema.anyOf;
  if (alternatives?.length > 0 && alternatives.every((one) => one && "const" in one)) return alternatives.map((one) => [one.const, one.title ?? String(one.const)]);
  return "const" in schema ? [[schema.const, String(schema.const)]] : null;
}

/** Without null where that is one of two things it may be. */
function simple(schema, root) {
  const resolved = resolve(schema, root);
  const alternatives = resolved.anyOf ?? resolved.oneOf;
  if (alternatives && !choices(resolved)) {
    const real = alternatives.filter((one) => one?.type !== "null");
    if (real.length === 1) return { ...resolve(real[0], root), title: resolved.title ?? real[0].title, description: resolved.description ?? real[0].description, default: resolved.default };
  }
  if (Array.isArray(resolved.type)) {
    const real = resolved.type.filter((type) => type !== "null");
    if (real.length === 1) return { ...resolved, type: real[0] };
  }
  return resolved;
}

/** One value: `{ view, read(), problems() }`; `read` gives undefined for what is not said. */
function node(schema, root, value, { id, name, required, depth }) {
  const options = choices(schema);
  if (options) return choiceNode(options, schema, value, id, required);
  const start = value ?? schema.default;
  if (schema.type === "boolean") return choiceNode([[true, "yes"], [false, "no"]], schema, start, id, required);
  if (schema.type === "integer" || schema.type === "number") return numberNode(schema, start, id, name, required);
  if (schema.type === "string") return textNode(schema, start, id, name, required);
  if (schema.type === "array" && schema.items && depth < DEEPEST) {
    const item = simple(schema.items, root);
    const many = choices(item);
    return many ? manyNode(many, start) : listNode(item, root, start, name, required, depth);
  }
  if ((schema.type === "object" || schema.properties) && Object.keys(schema.properties ?? {}).length > 0 && depth < DEEPEST) return objectNode(schema, root, start, depth + 1, required);
  if ((schema.anyOf ?? schema.oneOf)?.length > 1 && depth < DEEPEST) return variantNode(schema, root, start, { id, name, required, depth });
  return jsonNode(schema, start, id, name, required);
}

function choiceNode(options, schema, value, id, required) {
  const start = value ?? schema.default;
  const at = options.findIndex(([option]) => option === start);
  const control = select([...(required && at >= 0 ? [] : [["", required ? "choose" : "not said"]]), ...options.map(([, label], index) => [String(index), label])], at >= 0 ? String(at) : "", { id });
  return { view: control, read: () => (control.value === "" ? undefined : options[Number(control.value)][0]), problems: () => [] };
}

function numberNode(schema, value, id, name, required) {
  const input = h("input", { id, type: "number", step: schema.type === "integer" ? "1" : "any", min: schema.minimum, max: schema.maximum, value: value ?? "", required: false, placeholder: required ? "" : "not said" });
  const problems = () => (input.validity.badInput ? [`${name} must be a number`] : input.validity.rangeOverflow || input.validity.rangeUnderflow ? [`${name} must be ${schema.minimum !== undefined ? `at least ${schema.minimum}` : ""} ${schema.maximum !== undefined ? `at most ${schema.maximum}` : ""}`] : input.validity.stepMismatch ? [`${name} must be a whole number`] : []);
  return { view: input, read: () => (input.value === "" ? undefined : Number(input.value)), problems };
}

function textNode(schema, value, id, name, required) {
  const long = LONG.test(name ?? "") || schema.maxLength > 200;
  const types = { email: "email", uri: "url", date: "date" };
  const input = long
    ? h("textarea", { id, rows: "3", value: value ?? "" })
    : h("input", { id, type: types[schema.format] ?? "text", value: value ?? "", placeholder: schema.examples?.[0] ?? (schema.format === "date-time" ? "2026-01-31T12:00:00Z" : required ? "" : "not said"), autocomplete: "off", spellcheck: "false" });
  return { view: input, read: () => input.value || undefined, problems: () => (input.value !== "" && input.validity.typeMismatch ? [`${name} must be ${schema.format === "email" ? "an e-mail address" : "a whole address, such as https://example.com"}`] : []) };
}

function jsonNode(schema, value, id, name, required) {
  const area = h("textarea", { id, class: "mono", rows: "3", spellcheck: "false", value: value === undefined ? "" : JSON.stringify(value, null, 2), placeholder: schema.type === "array" ? "JSON, such as []" : schema.type === "object" ? "JSON, such as {}" : "JSON" });
  const parse = () => {
    if (area.value.trim() === "") return undefined;
    return JSON.parse(area.value);
  };
  const problems = () => {
    try {
      return parse() === undefined && required ? [`${name} is needed`] : [];
    } catch (error) {
      return [`${name} is not JSON: ${error.message}`];
    }
  };
  return { view: area, read: parse, problems };
}

function manyNode(options, value) {
  const chosen = new Set(value ?? []);
  const boxes = options.map(([option, label]) => {
    const box = h("input", { type: "checkbox", checked: chosen.has(option) });
    return { option, box, view: h("label", { class: "check" }, box, label) };
  });
  const read = () => {
    const picked = boxes.filter(({ box }) => box.checked).map(({ option }) => option);
    return picked.length > 0 ? picked : undefined;
  };
  return { group: true, view: h("div", { class: "stack-small" }, boxes.map((one) => one.view)), read, problems: () => [] };
}

function listNode(item, root, value, name, required, depth) {
  const lines = h("div", { class: "stack-small" });
  const entries = new Set();
  const add = (start) => {
    const id = freshId("item");
    const part = node(item, root, start, { id, name: `${name} ${entries.size + 1}`, required: true, depth: depth + 1 });
    part.view.setAttribute("aria-label", `${name} ${entries.size + 1}`);
    entries.add(part);
    const line = h("div", { class: "list-line" }, h("div", { class: "grow" }, part.view), h("button", { type: "button", class: "quiet icon-only", "aria-label": `Remove from ${name}`, on: { click: () => { entries.delete(part); line.remove(); } } }, icon("trash")));
    lines.append(line);
    return line;
  };
  for (const start of Array.isArray(value) ? value : []) add(start);
  const button = h("button", { type: "button", class: "small-button", on: { click: () => add().querySelector("input, textarea, select")?.focus() } }, icon("add"), "Add one");
  const read = () => {
    const list = [...entries].map((part) => part.read()).filter((part) => part !== undefined);
    return list.length === 0 && !required ? undefined : list;
  };
  return { group: true, view: h("div", { class: "stack-small" }, lines, h("div", null, button)), read, problems: () => [...entries].flatMap((part) => part.problems()) };
}

function variantNode(schema, root, value, context) {
  const variants = (schema.anyOf ?? schema.oneOf).map((one) => simple(one, root));
  const place = h("div");
  let part;
  const draw = (at, start) => {
    part = node(variants[at], root, start, { ...context, id: freshId("variant"), depth: context.depth + 1 });
    part.view.setAttribute("aria-label", context.name);
    fill(place, part.view);
  };
  const which = select(variants.map((one, at) => [String(at), one.title ?? [one.type].flat().join(" or ") ?? `kind ${at + 1}`]), "0", { id: context.id, on: { change: () => draw(Number(which.value)) } });
  draw(0, value);
  return { view: h("div", { class: "stack-small" }, which, place), read: () => part.read(), problems: () => part.problems() };
}

function objectNode(schema, root, value, depth, required = true) {
  const fields = Object.entries(schema.properties ?? {}).map(([name, said]) => {
    const own = simple(said, root);
    const id = freshId("param");
    const needed = schema.required?.includes(name) ?? false;
    const part = node(own, root, value?.[name], { id, name, required: needed, depth });
    const label = [own.title ?? name, needed ? h("span", { class: "muted" }, " (required)") : null];
    const hint = own.description ? h("p", { class: "hint" }, own.description) : null;
    const isGroup = part.group || part.fields;
    return { name, needed, part, view: isGroup ? h("fieldset", { class: "field" }, h("legend", null, label), hint, h("div", { class: "inset" }, part.view)) : h("div", { class: "field" }, h("label", { for: id }, label), hint, part.view) };
  });
  const read = () => {
    const into = {};
    for (const { name, part } of fields) {
      const said = part.read();
      if (said !== undefined) into[name] = said;
    }
    return Object.keys(into).length === 0 && !required ? undefined : into;
  };
  const empty = (part) => {
    try {
      return part.read() === undefined;
    } catch {
      return false;
    }
  };
  const problems = () => fields.flatMap(({ name, needed, part }) => {
    const wrong = part.problems();
    if (wrong.length > 0) return wrong;
    return needed && required && empty(part) ? [`${name} is needed`] : [];
  });
  return { fields, group: true, view: h("div", { class: "stack" }, fields.map((one) => one.view)), read, problems };
}
