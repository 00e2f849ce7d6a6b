// The form of what is different about a tool, prompt or resource from what its server says.
import { fill, h } from "./dom.js";
import { check, field, select } from "./parts.js";

const TREAT = [["", "as the server says"], ["default", "filled in if not given"], ["fixed", "always this value, hidden"], ["hidden", "hidden and left out"]];

/** Draws the form. `read` gives the whole rule; members that the form does not know stay. */
export function ruleForm(item, { onChange = () => {} } = {}) {
  const rule = item.rule ?? {};
  const own = item.own ?? {};
  const on = { input: onChange, change: onChange };
  const shown = check("Clients see it and may use it", rule.enabled ?? item.shown, { on });
  const before = shown.box.checked;
  const name = h("input", { class: "mono", value: rule.exposedName ?? "", placeholder: item.kind === "resource" ? item.key : item.exposed ?? item.key, spellcheck: "false", autocapitalize: "none", on });
  const title = h("input", { value: rule.title ?? "", placeholder: own.title ?? own.annotations?.title ?? "", on });
  const text = h("textarea", { value: rule.description ?? rule.exposedDescription ?? "", placeholder: own.description ?? "", rows: "4", on });
  const parameters = item.kind === "tool" ? parameterRows(own, rule.parameters ?? {}, onChange) : null;
  const hints = item.kind === "tool" ? hintFields(own, rule.annotations ?? {}, on) : null;
  const view = h("div", { class: "stack" },
    shown.view,
    field(item.kind === "resource" ? "Address (URI) that clients see" : "Name that clients see", name, "Empty: the server's name, the separator and its own name. Letters, digits, _ and - work with every client."),
    field("Title", title, "What people see in their client. Empty: as the server says."),
    field("Description", text, "What an AI reads to decide when to use it. Empty: as the server says (shown in grey)."),
    parameters?.view, hints?.view);
  const read = () => {
    const into = structuredClone(rule);
    const put = (key, value) => {
      if (value === "" || value === undefined) delete into[key];
      else into[key] = value;
    };
    if (shown.box.checked !== before || rule.enabled !== undefined) into.enabled = shown.box.checked;
    put("exposedName", name.value.trim());
    put("title", title.value);
    delete into.exposedDescription;
    put("description", text.value);
    if (parameters) put("parameters", orNothing(parameters.read()));
    if (hints) put("annotations", orNothing(hints.read()));
    return into;
  };
  const problems = () => {
    const wrong = parameters?.problems() ?? [];
    if (name.value.trim() !== "" && item.kind !== "resource" && !/^[A-Za-z0-9_.\/-]{1,128}$/.test(name.value.trim())) wrong.push("The name may have letters, digits, _, - and . only, 128 at most");
    return wrong;
  };
  return { view, read, problems };
}

const orNothing = (object) => (Object.keys(object).length > 0 ? object : undefined);

function parameterRows(own, rules, onChange) {
  const schema = own.inputSchema ?? {};
  const names = [...new Set([...Object.keys(schema.properties ?? {}), ...Object.keys(rules)])];
  if (names.length === 0) return null;
  const rows = names.map((name) => parameterRow(name, schema, rules[name], onChange));
  return {
    view: h("fieldset", { class: "stack" }, h("legend", null, "Parameters"), h("p", { class: "hint muted small" }, "What clients may say when they use the tool. A hidden or fixed one does not exist for them."), rows.map((row) => row.view)),
    read: () => Object.fromEntries(rows.map((row) => [row.name, row.read()]).filter(([, rule]) => rule !== undefined)),
    problems: () => rows.flatMap((row) => row.problems()),
  };
}

function parameterRow(name, schema, rule = {}, onChange) {
  const said = schema.properties?.[name];
  const start = "fixed" in rule ? "fixed" : rule.hidden ? "hidden" : "default" in rule ? "default" : "";
  const isText = (Array.isArray(said?.type) ? said.type : [said?.type]).includes("string");
  const given = rule.fixed ?? rule.default;
  const value = h("input", { class: "mono", "aria-label": `Value of ${name}`, placeholder: isText ? "text" : "JSON, such as 5 or [\"a\"]", value: given === undefined ? "" : typeof given === "string" && isText ? given : JSON.stringify(given), spellcheck: "false", on: { input: onChange } });
  const text = h("input", { "aria-label": `Description of ${name}`, value: rule.description ?? "", placeholder: said?.description ?? "description as the server says", on: { input: onChange } });
  const needsValue = () => treat.value === "fixed" || treat.value === "default";
  const place = h("div", { class: "parameter-more" });
  const draw = () => fill(place, needsValue() ? value : null, treat.value === "" || treat.value === "default" ? text : null);
  const treat = select(TREAT, start, { "aria-label": `Treatment of ${name}`, on: { change: () => { draw(); onChange(); } } });
  draw();
  const parse = () => {
    try {
      return { value: JSON.parse(value.value) };
    } catch {
      return isText || !said?.type ? { value: value.value } : { wrong: true };
    }
  };
  const parsed = () => (isText && !/^["[{]/.test(value.value.trim()) ? { value: value.value } : parse());
  return {
    name,
    view: h("div", { class: "parameter" },
      h("div", { class: "parameter-name" }, h("strong", { class: "mono" }, name), schema.required?.includes(name) ? h("span", { class: "muted small" }, " required") : null, said ? null : h("span", { class: "text-warn small" }, " not there now"), h("div", { class: "muted small" }, typeWord(said))),
      treat, place),
    read: () => {
      const into = { ...rule };
      for (const key of ["fixed", "default", "hidden", "description"]) delete into[key];
      if (treat.value === "hidden") into.hidden = true;
      if (needsValue()) into[treat.value] = parsed().value;
      if (text.value.trim() !== "" && treat.value !== "hidden" && treat.value !== "fixed") into.description = text.value;
      return orNothing(into);
    },
    problems: () => (needsValue() && (value.value.trim() === "" && !isText || parsed().wrong) ? [`The value of ${name} must be JSON: ${typeWord(said)}`] : []),
  };
}

function typeWord(schema) {
  if (!schema) return "";
  if (schema.enum) return `one of ${schema.enum.slice(0, 5).join(", ")}${schema.enum.length > 5 ? "…" : ""}`;
  if (schema.anyOf || schema.oneOf) return "one of several kinds";
  return [schema.type].flat().join(" or ") || "anything";
}

const HINTS = [["readOnlyHint", "It only reads"], ["destructiveHint", "It can destroy something"], ["idempotentHint", "Doing it twice does no more than once"], ["openWorldHint", "It reaches the outside world"]];

function hintFields(own, annotations, on) {
  const said = own.annotations ?? {};
  const word = (value) => (value === true ? "yes" : value === false ? "no" : "not said");
  const controls = HINTS.map(([key, label]) => {
    const control = select([["", `as the server says (${word(said[key])})`], ["true", "yes"], ["false", "no"]], annotations[key] === undefined ? "" : String(annotations[key]), { on });
    return { key, control, view: field(label, control) };
  });
  return {
    view: h("details", { open: Object.keys(annotations).length > 0 }, h("summary", null, "What clients are told about its effects"), h("div", { class: "columns inset" }, controls.map((one) => one.view))),
    read: () => {
      const into = { ...annotations };
      for (const { key, control } of controls) {
        if (control.value === "") delete into[key];
        else into[key] = control.value === "true";
      }
      return into;
    },
  };
}
