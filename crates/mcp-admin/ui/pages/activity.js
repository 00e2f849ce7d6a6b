// What was done through these pages and their interface, and by whom.
import { get } from "../lib/api.js";
import { fill, h } from "../lib/dom.js";
import { moment, time } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { empty, head } from "../lib/parts.js";

// Operations of the interface, as people say them; one that is not here is shown by its own name.
const WORDS = {
  login: "Login", logIn: "Login", logOut: "Sign out", setServer: "Server saved", removeServer: "Server deleted", renameServer: "Server renamed", importServers: "Servers added from JSON",
  startServer: "Server started", stopServer: "Server stopped", restartServer: "Server restarted", testServer: "Connection tested", setRule: "Tool changed", removeRule: "Tool reset", resetRules: "Tools reset", resetServerRules: "Tools of a server reset",
  approveTool: "Tool approved", callTool: "Tool tried", cancelCall: "Call cancelled", answerQuestion: "Question answered", setGroup: "Group saved", removeGroup: "Group deleted",
  createKey: "Key made", setKey: "Key changed", removeKey: "Key revoked", endSession: "Session ended", setConfig: "Configuration applied", restoreVersion: "Earlier configuration restored",
  install: "Installation started", cancelInstall: "Installation cancelled", openTerminal: "Terminal opened", endTerminal: "Terminal ended", ticketForTerminal: "Terminal joined",
};

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
        h("td", { "data-label": "Who" }, one.who ?? ""), h("td", { "data-label": "What", class: "wide" }, h("span", { title: one.what }, WORDS[one.what] ?? one.what)), h("td", { class: "wide", "data-label": "Details" }, typeof one.detail === "string" ? one.detail : one.detail ? JSON.stringify(one.detail) : "")))))));
  };
  fill(view, head("Activity", "Logins and what was done here, newest first. The hub keeps the last 200 entries; its log has all of them.", h("button", { type: "button", on: { click: () => reload() } }, icon("restart"), "Load again")), place);
  await reload();
}
