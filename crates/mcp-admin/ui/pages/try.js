// Trying a tool: a form, a live call with progress, questions and cancel, and the raw exchange.
import { del, path, post, stream } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { listen } from "../lib/events.js";
import { pretty, time, took } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { badge, notice, segments } from "../lib/parts.js";
import { questionView } from "../lib/questions.js";
import { resultView } from "../lib/result-view.js";
import { schemaForm } from "../lib/schema-form.js";
import { fail } from "../lib/toast.js";

/** Draws the form of a tool into `place`. */
export function tryIt(place, item, signal) {
  let as = item.shown && item.seen ? "hub" : "server";
  let mode = "form";
  let form;
  const fields = h("div", { class: "stack" });
  const raw = h("textarea", { class: "mono", rows: "10", spellcheck: "false", "aria-label": "Arguments as JSON" });
  const problems = h("div", { "aria-live": "assertive" });
  const out = h("div", { class: "stack" });
  const run = h("button", { type: "submit", class: "primary" }, icon("start"), "Run");
  const schema = () => ((as === "hub" ? item.seen : item.own) ?? item.own)?.inputSchema ?? {};
  const draw = (value) => {
    if (mode === "json") {
      raw.value = JSON.stringify(value ?? {}, null, 2);
      fill(fields, raw);
    } else {
      form = schemaForm(schema(), value);
      fill(fields, form.view);
    }
  };
  const current = () => (mode === "json" ? JSON.parse(raw.value.trim() || "{}") : form.read());
  const change = (set) => {
    let value;
    try {
      value = current();
    } catch {
      value = {};
    }
    set();
    draw(value);
  };
  const submit = async (event) => {
    event.preventDefault();
    let given;
    try {
      const wrong = mode === "form" ? form.problems() : [];
      if (wrong.length > 0) return fill(problems, notice("bad", wrong.map((line) => h("p", null, line))));
      given = current();
    } catch (error) {
      return fill(problems, notice("bad", h("p", null, `The arguments are not JSON: ${error.message}`)));
    }
    fill(problems);
    run.disabled = true;
    try {
      await call(out, { server: item.server, tool: as === "hub" ? item.exposed : item.key, arguments: given, as }, signal);
    } catch (error) {
      fail(error);
    }
    run.disabled = false;
  };
  draw();
  fill(out, h("p", { class: "empty" }, "What the tool gives back appears here, with its progress, its questions, and the messages that were sent."));
  const effects = (item.own?.annotations ?? {}).readOnlyHint === true ? null : h("p", { class: "muted small" }, "This really runs the tool. What it does may not be undone.");
  fill(place, h("div", { class: "columns columns-wide" },
    h("form", { class: "card stack", novalidate: true, on: { submit } },
      h("div", { class: "spread" },
        segments("Input", [["form", "Form"], ["json", "JSON"]], mode, (value) => change(() => { mode = value; })),
        item.shown && item.seen && item.rule ? segments("Call it", [["hub", "As clients do"], ["server", "As the server has it"]], as, (value) => change(() => { as = value; })) : null),
      fields, problems, h("div", { class: "row" }, run, effects)),
    out));
}

async function call(out, request, signal) {
  const started = performance.now();
  const state = h("div", { class: "row", role: "status" });
  const progress = h("div", { class: "stack-small" });
  const questions = h("div", { class: "stack", "aria-live": "polite" });
  const result = h("div", { class: "stack" });
  const exchange = h("div", { class: "stack-small" });
  const cancel = h("button", { type: "button", class: "small-button" }, icon("stop"), "Cancel");
  const clock = h("span", { class: "muted", "aria-hidden": "true" });
  fill(out, h("section", { class: "card stack", "aria-label": "Result" }, state, progress, questions, result), h("details", { class: "card" }, h("summary", null, "Raw exchange"), exchange));
  fill(state, badge("busy", "Running", h("span", { class: "dot" })), clock, cancel);
  const tick = setInterval(() => { clock.textContent = took(performance.now() - started); }, 200);
  signal.addEventListener("abort", () => clearInterval(tick), { once: true });
  try {
    const { id } = await post("/calls", request);
    const where = path("calls", id);
    cancel.addEventListener("click", () => {
      cancel.disabled = true;
      del(where).catch(fail);
    });
    const end = await new Promise((resolve) => {
      signal.addEventListener("abort", () => resolve({ outcome: "left" }), { once: true });
      const seen = new Set();
      let lines = 0;
      listen(stream(`${where}/events`), {
        message: (message) => {
          lines += 1;
          // A stream that comes back begins anew; what is shown already is not shown twice.
          const mark = `${message.at} ${message.direction} ${message.text}`;
          if (seen.has(mark)) return;
          seen.add(mark);
          if (lines < 1000) exchange.append(exchangeLine(message, "to the server", "from the server"));
          showProgress(progress, message);
        },
        question: (question) => {
          if (seen.has(question.key)) return;
          seen.add(question.key);
          const view = questionView(question, (answer) => post(`${where}/answers`, { key: question.key, ...answer }).then(() => view.remove(), fail));
          questions.append(view);
          view.querySelector("input, select, textarea, button")?.focus();
        },
        done: (answer) => {
          resolve(answer);
          return "end";
        },
      }, { signal });
    });
    if (end.outcome !== "left") showEnd(end, { state, questions, progress, result });
  } catch (error) {
    fill(state, badge("bad", "Not sent", icon("error")));
    fill(result, h("p", null, error.message));
  } finally {
    clearInterval(tick);
  }
}

/** One message of an exchange. */
export function exchangeLine({ at, direction, text, truncated }, outWords, inWords) {
  const out = direction === "out" || direction === "toServer";
  return h("div", { class: "exchange-line" },
    h("p", { class: "small" }, h("strong", { class: out ? "arrow-out" : "arrow-in" }, out ? `→ ${outWords}` : `← ${inWords}`), h("span", { class: "muted" }, ` ${time(at)}`)),
    h("pre", { class: "block", tabindex: "0" }, pretty(text), truncated ? "\n… (cut off)" : ""));
}

function showProgress(place, { direction, text }) {
  if (direction !== "in" || !text.includes("\"notifications/")) return;
  let message;
  try {
    message = JSON.parse(text);
  } catch {
    return;
  }
  const { method, params = {} } = message;
  if (method === "notifications/progress") {
    const bar = place.querySelector("progress") ?? h("progress", { "aria-label": "Progress" });
    const words = place.querySelector(".progress-words") ?? h("p", { class: "progress-words small" });
    if (params.total) {
      bar.max = params.total;
      bar.value = params.progress;
    }
    words.textContent = [params.total ? `${params.progress} of ${params.total}` : `${params.progress}`, params.message].filter(Boolean).join(": ");
    if (!bar.isConnected) place.prepend(bar, words);
  } else if (method === "notifications/message") {
    place.append(h("p", { class: "small mono" }, `${params.level}: ${typeof params.data === "string" ? params.data : JSON.stringify(params.data)}`));
    while (place.childElementCount > 50) place.lastElementChild.previousElementSibling.remove();
  }
}

const OUTCOMES = { ok: ["ok", "Done", "check"], toolError: ["bad", "The tool reports an error", "error"], error: ["bad", "Error", "error"], lost: ["bad", "Lost: the server ended meanwhile", "error"], cancelled: ["off", "Cancelled", "stop"], notSent: ["bad", "Not sent", "error"] };

/** What became of a call, as a badge. */
export function outcomeBadge(outcome) {
  if (outcome === "running") return badge("busy", "Running", h("span", { class: "dot" }));
  const [kind, words, sign] = OUTCOMES[outcome] ?? ["off", outcome, "info"];
  return badge(kind, words, icon(sign));
}

function showEnd({ outcome, tookMs, result: value, error }, { state, questions, progress, result }) {
  const kind = outcome === "ok" && value?.isError ? "toolError" : outcome;
  fill(state, outcomeBadge(kind), h("span", { class: "muted" }, took(tookMs)));
  fill(questions);
  progress.querySelectorAll("progress, .progress-words").forEach((one) => one.remove());
  if (error) fill(result, h("p", null, error.message ?? String(error)), error.code === undefined ? null : h("p", { class: "muted small" }, `Code ${error.code}`), error.data === undefined ? null : h("pre", { class: "block", tabindex: "0" }, pretty(error.data)));
  else if (value !== undefined) fill(result, resultView(value));
}
