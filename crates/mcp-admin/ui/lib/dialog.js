// Dialogs: the browser's own element, which keeps the focus inside and closes with Escape.
import { fill, freshId, h } from "./dom.js";
import { icon } from "./icons.js";

/**
 * Opens a dialog. `build(close)` gives `{ body, actions }`; the promise is of what `close(value)` was given,
 * or undefined where it was dismissed.
 */
export function open({ title, build, wide = false, kind = "" }) {
  const id = freshId("dialog");
  const before = document.activeElement;
  return new Promise((resolve) => {
    let value;
    const dialog = h("dialog", { class: `dialog ${wide ? "dialog-wide" : ""} ${kind}`, "aria-labelledby": id });
    const close = (result) => {
      value = result;
      dialog.close();
    };
    const { body, actions } = build(close, dialog);
    fill(
      dialog,
      h(
        "header",
        { class: "dialog-head" },
        h("h2", { id }, title),
        h("button", { type: "button", class: "quiet icon-only", "aria-label": "Close", on: { click: () => close() } }, icon("close")),
      ),
      h("div", { class: "dialog-body" }, body),
      actions ? h("footer", { class: "dialog-actions" }, actions) : null,
    );
    dialog.addEventListener("close", () => {
      dialog.remove();
      if (before?.isConnected) before.focus();
      resolve(value);
    });
    document.body.append(dialog);
    dialog.showModal();
    const first = dialog.querySelector("[autofocus]") ?? dialog.querySelector(".dialog-body :is(input, select, textarea)");
    (first ?? dialog.querySelector(".dialog-actions button") ?? dialog).focus();
  });
}

/** Asks a question with two answers. */
export async function ask({ title, text, yes, no = "Cancel", danger = false }) {
  const answer = await open({
    title,
    kind: "dialog-ask",
    build: (close) => ({
      body: [text].flat().map((line) => (line instanceof Node ? line : h("p", null, line))),
      actions: [
        h("button", { type: "button", autofocus: danger, on: { click: () => close(false) } }, no),
        h("button", { type: "button", class: danger ? "danger" : "primary", autofocus: !danger, on: { click: () => close(true) } }, yes),
      ],
    }),
  });
  return answer === true;
}
