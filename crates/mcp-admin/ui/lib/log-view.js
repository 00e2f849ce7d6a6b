// A live text: follows its end while the reader is there, and stays where he has scrolled to otherwise.
import { h } from "./dom.js";
import { time } from "./format.js";

const MOST = 2000;

/** A log. `add({at, source, text})` appends a line; `clear()` empties it. */
export function logView(label, { stamps = true } = {}) {
  const view = h("pre", { class: "block log", tabindex: "0", role: "log", "aria-label": label, "aria-live": "off" });
  let asked = false;
  const add = ({ at, source = "", text }) => {
    const atEnd = view.scrollHeight - view.scrollTop - view.clientHeight < 30;
    for (const line of String(text).replace(/\n$/, "").split("\n")) {
      view.append(h("span", { class: `log-line log-${source}` }, stamps && at ? h("span", { class: "log-time" }, time(at)) : null, plain(line)));
    }
    while (view.childElementCount > MOST) view.firstElementChild.remove();
    if (atEnd && !asked) {
      asked = true;
      requestAnimationFrame(() => {
        asked = false;
        view.scrollTop = view.scrollHeight;
      });
    }
  };
  return { view, add, clear: () => view.replaceChildren() };
}

/** Without the colours and cursor movements that programs write for terminals. */
export function plain(text) {
  return text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/\x1b\][^\x07\x1b]*(\x07|\x1b\\)/g, "").replace(/.*\r(?=.)/g, "").replace(/[\x00-\x08\x0b-\x1f]/g, "");
}
