// Earlier versions of the configuration: what changed, and going back to one.
import { get, path, post } from "../lib/api.js";
import { diffView } from "../lib/diff.js";
import { open } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { moment } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, notice, quoted } from "../lib/parts.js";
import { onConfig } from "../lib/status.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";

export async function historyTab(panel, { signal, session }) {
  const draw = async () => {
    const [{ versions }, { etag }] = await Promise.all([get("/config/history", { signal }), get("/config", { signal })]);
    if (versions.length === 0) return fill(panel, empty("No earlier versions", "With every change that comes to force, the hub keeps the version before it. The last 20 are kept."));
    const row = (one, at) => h("tr", null,
      h("td", { "data-label": "When", class: "nowrap" }, moment(one.at)), h("td", { "data-label": "Who" }, one.who), h("td", { "data-label": "What", class: "wide" }, quoted(one.what)),
      h("td", { class: "actions" }, at === 0 ? h("span", { class: "muted small" }, "in force ") : null, h("button", { type: "button", class: "small-button", on: { click: () => look(one, etag, at === 0 || !session.features.writable, draw) } }, at === 0 ? "Look at it" : "Compare or restore", h("span", { class: "unseen" }, ` the version of ${moment(one.at)}`))));
    fill(panel, h("p", { class: "muted" }, "The last 20 versions, whoever made them: these pages, the HTTP interface, or an editor on the machine."),
      h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, ["When", "Who", "What", ""].map((word) => h("th", { scope: "col" }, word || h("span", { class: "unseen" }, "Actions"))))), h("tbody", null, versions.map(row)))));
  };
  try {
    await draw();
    onConfig(() => draw().catch(() => {}), signal);
  } catch (error) {
    if (error.name !== "AbortError") fill(panel, notice("bad", h("p", null, error.message)));
  }
}

async function look(one, etag, current, draw) {
  const where = `/config/history${path(one.version)}`;
  try {
    const { text, diff } = await get(where);
    const restore = await open({
      title: `Version of ${moment(one.at)}`,
      wide: true,
      build: (close) => ({
        body: [current ? null : [h("h3", null, "What restoring it would change"), diffView(diff, "Nothing: it is the same as what is in force.")], h("details", { open: current }, h("summary", null, "The whole text"), h("pre", { class: "block", tabindex: "0" }, text))],
        actions: [h("button", { type: "button", on: { click: () => close() } }, "Close"), current ? null : h("button", { type: "button", class: "primary", on: { click: () => close(true) } }, icon("restart"), "Restore it")],
      }),
    });
    if (!restore) return;
    const answer = await write((tag) => post(`${where}/restore`, undefined, { etag: tag }), etag, draw);
    if (!answer) return;
    saved(answer.applied, "The earlier version is in force again.");
    await draw();
  } catch (error) {
    fail(error);
  }
}
