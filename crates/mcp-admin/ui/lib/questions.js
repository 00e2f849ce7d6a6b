// What a server may ask a person while a tool runs, and the forms to answer it.
import { h } from "./dom.js";
import { pretty } from "./format.js";
import { field } from "./parts.js";
import { schemaForm } from "./schema-form.js";

/** Draws a question. `answer({ result } | { error })` is called once. */
export function questionView({ method, params = {} }, answer) {
  const draw = { "elicitation/create": elicitation, "sampling/createMessage": sampling, "roots/list": roots }[method] ?? raw;
  const problems = h("p", { class: "field-error", role: "alert" });
  const once = (value) => {
    view.querySelectorAll("button, input, select, textarea").forEach((control) => { control.disabled = true; });
    answer(value);
  };
  const view = h("section", { class: "question card stack", "aria-label": "The server asks" }, draw(params, once, problems, method), problems);
  return view;
}

const button = (text, click, kind) => h("button", { type: "button", class: kind, on: { click } }, text);

function elicitation(params, answer, problems) {
  if (params.mode === "url" || (params.url && !params.requestedSchema)) {
    const safe = /^https?:\/\//.test(params.url ?? "");
    return [
      h("h3", null, "The server asks you to open a page"), h("p", null, params.message ?? ""),
      h("p", { class: "mono" }, safe ? h("a", { href: params.url, target: "_blank", rel: "noopener noreferrer" }, params.url) : params.url),
      h("p", { class: "muted small" }, "Look at the address before you open it: it is the server's, not the hub's."),
      h("div", { class: "row" }, button("I will do it there", () => answer({ result: { action: "accept" } }), "primary"), button("Decline", () => answer({ result: { action: "decline" } })), button("Cancel", () => answer({ result: { action: "cancel" } }))),
    ];
  }
  const form = schemaForm(params.requestedSchema ?? {});
  const accept = () => {
    const wrong = form.problems();
    problems.textContent = wrong.join(". ");
    if (wrong.length === 0) answer({ result: { action: "accept", content: form.read() } });
  };
  return [
    h("h3", null, "The server asks"), h("p", null, params.message ?? ""), form.view,
    h("div", { class: "row" }, button("Send answer", accept, "primary"), button("Decline", () => answer({ result: { action: "decline" } })), button("Cancel", () => answer({ result: { action: "cancel" } }))),
  ];
}

function sampling(params, answer) {
  const text = h("textarea", { rows: "4" });
  const said = (params.messages ?? []).map((message) => h("p", null, h("strong", null, `${message.role}: `), [message.content].flat().map((part) => part?.text ?? `(${part?.type})`).join("\n")));
  const result = () => ({ role: "assistant", model: "a-person", stopReason: "endTurn", content: { type: "text", text: text.value } });
  return [
    h("h3", null, "The server asks for words of an AI"),
    h("p", { class: "muted small" }, "In a real client an AI model would answer this. Here you are the model."),
    params.systemPrompt ? h("p", { class: "muted" }, params.systemPrompt) : null, h("div", { class: "inset stack-small" }, said),
    field("Answer", text),
    h("div", { class: "row" }, button("Send answer", () => answer({ result: result() }), "primary"), button("Refuse", () => answer({ error: { code: -1, message: "The user refused the request" } }))),
  ];
}

function roots(params, answer) {
  const text = h("textarea", { class: "mono", rows: "3", placeholder: "file:///home/me/project", spellcheck: "false" });
  const lines = () => text.value.split("\n").map((line) => line.trim()).filter(Boolean);
  return [
    h("h3", null, "The server asks which folders it may use"), field("Folders, one a line", text, "As addresses that begin with file://. None is an answer, too."),
    h("div", { class: "row" }, button("Send answer", () => answer({ result: { roots: lines().map((uri) => ({ uri })) } }), "primary"), button("Refuse", () => answer({ error: { code: -32601, message: "Roots are not available" } }))),
  ];
}

function raw(params, answer, problems, method) {
  const text = h("textarea", { class: "mono", rows: "4", value: "{}", spellcheck: "false" });
  const send = () => {
    try {
      answer({ result: JSON.parse(text.value) });
    } catch (error) {
      problems.textContent = `Not JSON: ${error.message}`;
    }
  };
  return [h("h3", null, `The server asks: ${method}`), h("pre", { class: "block", tabindex: "0" }, pretty(params)), field("Result as JSON", text), h("div", { class: "row" }, button("Send answer", send, "primary"), button("Refuse", () => answer({ error: { code: -32601, message: "Not supported" } })))];
}
