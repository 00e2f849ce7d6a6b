// What was done through these pages and their interface, and by whom.
import { get } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { moment, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head } from "../lib/parts.js";

export async function show(view, { signal }) {
  const place = h("div");
  const reload = async () => {
    const { entries } = await get("/audit", { signal });
    if (entries.length === 0) return fill(place, empty("Nothing yet", "Logins, changes, calls, installations and terminals are noted here."));
    const newest = [...entries].sort((a, b) => new Date(b.at) - new Date(a.at));
    fill(place, h("div", { class: "table-wrap table-cards" }, h("table", null,
      h("thead", null, h("tr", null, ["When", "Who", "What", "Details"].map((word) => h("th", { scope: "col" }, word)))),
      h("tbody", null, newest.map((one) => h("tr", null,
        h("td", { "data-label": "When", class: "nowrap", title: moment(one.at) }, `${moment(one.at).replace(/,? \d+:\d+$/, "")} ${time(one.at)}`),
        h("td", { "data-label": "Who" }, one.who ?? ""), h("td", { "data-label": "What", class: "wide" }, one.what), h("td", { class: "wide" }, typeof one.detail === "string" ? one.detail : one.detail ? JSON.stringify(one.detail) : "")))))));
  };
  fill(view, head("Activity", "Logins and what was done here, newest first. The hub keeps the last 200 entries; its log has all of them.", h("button", { type: "button", on: { click: () => reload() } }, icon("restart"), "Load again")), place);
  await reload();
}
