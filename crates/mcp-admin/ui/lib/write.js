// Saves a change, and lets the person decide where somebody else was faster.
import { diffView } from "./diff.js";
import { h } from "./dom.js";
import { open } from "./dialog.js";
import { changedHere } from "./status.js";

/**
 * Sends a change with the version it was made from. Where that is not the newest any more, shows what has changed meanwhile.
 * Gives the answer, or undefined where the person chose not to save; `reload` is called if they want to see the new state.
 */
export async function write(send, etag, reload) {
  try {
    const answer = await send(etag);
    if (answer?.etag) changedHere(answer.etag);
    return answer;
  } catch (error) {
    if (error.status !== 412) throw error;
    const choice = await open({
      title: "Somebody else has changed this meanwhile",
      wide: true,
      build: (close) => ({
        body: [
          h("p", null, "The configuration is not the one you started from. Nothing of yours is saved yet. This is what has changed since:"),
          diffView(error.body.diff, "The difference cannot be shown any more."),
        ],
        actions: [
          h("button", { type: "button", on: { click: () => close() } }, "Go on editing"),
          reload ? h("button", { type: "button", on: { click: () => close("reload") } }, "Drop mine and load theirs") : null,
          h("button", { type: "button", class: "primary", on: { click: () => close("save") } }, "Save mine on top"),
        ],
      }),
    });
    if (choice === "save") return write(send, error.body.etag, reload);
    if (choice === "reload") await reload();
    return undefined;
  }
}
