// Tries a server's settings before they are saved.
import { post } from "./api.js";
import { fill, h } from "./dom.js";
import { plural, took } from "./format.js";
import { icon } from "./icons.js";
import { notice, quoted } from "./parts.js";

/** A button that tests what `read()` gives, and the place for what came of it. */
export function testButton(name, read, problems = () => []) {
  const result = h("div", { "aria-live": "polite" });
  const button = h("button", { type: "button", on: { click: async () => {
    const wrong = problems();
    if (wrong.length > 0) return fill(result, notice("bad", wrong.map((line) => h("p", null, line))));
    button.disabled = true;
    fill(result, h("p", { class: "muted" }, "Starting it and asking what it offers. This can take 20 seconds…"));
    try {
      fill(result, words(await post("/servers/test", { name: name(), entry: read() })));
    } catch (error) {
      fill(result, notice("bad", h("p", null, error.message)));
    }
    button.disabled = false;
  } } }, icon("check"), "Test connection");
  return { button, result };
}

function words(answer) {
  if (!answer.ok) {
    return notice("bad", h("p", null, h("strong", null, "It does not work. "), quoted(answer.error.replace(/^server `[^`]*`: /, ""))), answer.stderr?.length > 0 ? h("details", { open: true }, h("summary", null, "What the program wrote"), h("pre", { class: "block", tabindex: "0" }, answer.stderr.join("\n"))) : null);
  }
  const tools = (answer.tools ?? []).map((tool) => (typeof tool === "string" ? tool : tool.name));
  const info = answer.serverInfo ?? {};
  return notice("good", h("p", null, h("strong", null, "It works. "), `${info.title ?? info.name ?? "The server"} ${info.version ?? ""} answered in ${took(answer.tookMs)} and has ${plural(tools.length, "tool")}.`), tools.length > 0 ? h("p", { class: "small" }, tools.slice(0, 40).join(", "), tools.length > 40 ? " …" : "") : null, h("p", { class: "muted small" }, `Protocol revision ${answer.revision}. Nothing is saved yet.`));
}
