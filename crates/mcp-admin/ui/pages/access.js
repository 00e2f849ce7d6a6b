// Groups (a choice of servers and tools with an address of its own) and keys (who may call, and what).
import { del, get, path, post, put } from "../lib/api.js";
import { ask, open } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { linesEdit } from "../lib/lists.js";
import { badge, copyBlock, empty, field, group, head, notice } from "../lib/parts.js";
import { fail, saved } from "../lib/toast.js";
import { write } from "../lib/write.js";

export async function show(view, context) {
  const groups = h("section", { class: "stack", "aria-label": "Groups" });
  const keys = h("section", { class: "stack", "aria-label": "Keys" });
  fill(view, head("Groups and keys", "A group is a choice of servers and tools with an address of its own. A key lets one client in: to everything, or only to some groups and tools."), groups, keys);
  const state = { signal: context.signal, session: context.session };
  state.reload = async () => {
    const [known, held] = await Promise.all([get("/groups", { signal: state.signal }), get("/keys", { signal: state.signal })]);
    drawGroups(groups, known, state);
    drawKeys(keys, held, Object.keys(known.groups), state);
  };
  await state.reload();
}

const button = (text, sign, click, kind = "") => h("button", { type: "button", class: kind, on: { click } }, icon(sign), text);

async function change(send, etag, words, { reload }) {
  try {
    const answer = await write(send, etag, reload);
    if (answer === undefined) return undefined;
    saved(answer?.applied, words);
    await reload();
    return answer ?? true;
  } catch (error) {
    fail(error);
    return undefined;
  }
}

function drawGroups(place, { groups, etag }, state) {
  const names = Object.keys(groups).sort();
  const add = button("Add a group", "add", () => editGroup(null, {}, etag, state), "small-button");
  const words = (list, nothing) => (list?.length > 0 ? list.map((one) => h("code", null, one)).flatMap((one, at) => (at > 0 ? [" ", one] : [one])) : h("span", { class: "muted" }, nothing));
  const table = h("div", { class: "table-wrap table-cards" }, h("table", null,
    h("thead", null, h("tr", null, ["Group", "Servers", "Only these tools", "Never these tools", ""].map((word) => h("th", { scope: "col" }, word || h("span", { class: "unseen" }, "Actions"))))),
    h("tbody", null, names.map((name) => {
      const one = groups[name];
      return h("tr", null,
        h("td", { class: "wide" }, h("strong", null, name), h("div", { class: "muted small mono" }, `/groups/${encodeURIComponent(name)}/mcp`)),
        h("td", { "data-label": "Servers" }, words(one.servers, "all")), h("td", { "data-label": "Only these tools" }, words(one.tools, "all")), h("td", { "data-label": "Never these tools" }, words(one.deny, "none")),
        h("td", { class: "actions" },
          button("Change", "edit", () => editGroup(name, one, etag, state), "small-button"),
          button("Delete", "trash", async () => {
            if (await ask({ title: `Delete the group ${name}?`, text: "Clients that use its address are refused from then on. A key that opens only this group opens nothing.", yes: "Delete it", danger: true })) await change((tag) => del(`/groups${path(name)}`, { etag: tag }), etag, `The group ${name} is deleted.`, state);
          }, "small-button")));
    }))));
  fill(place, h("div", { class: "card-head" }, h("h2", null, "Groups"), names.length > 0 ? add : null),
    names.length > 0 ? table : empty("No groups", "Without groups, every client has all tools of all servers. Make one to give a client only what it needs: an AI chooses better among few tools.", add));
}

async function editGroup(name, old, etag, state) {
  const input = h("input", { value: name ?? "", required: true, pattern: "[^\\/\\s]+", disabled: name !== null, spellcheck: "false" });
  const servers = linesEdit(old.servers, { placeholder: "all servers" });
  const tools = linesEdit(old.tools, { placeholder: "all their tools" });
  const deny = linesEdit(old.deny, { placeholder: "none" });
  const answer = await open({
    title: name === null ? "Add a group" : `Change the group ${name}`,
    build: (close) => ({
      body: h("form", { id: "group", class: "stack", on: { submit: (event) => { event.preventDefault(); close(true); } } },
        field("Name", input, "It becomes part of the group's address."),
        field("Servers", servers.view, "Names, one a line. * stands for anything: git*."),
        field("Only these tools", tools.view, "By the names that clients see: github__*."),
        field("Never these tools", deny.view, "Wins over the field above: *__delete_*.")),
      actions: [h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button", { type: "submit", form: "group", class: "primary" }, "Save")],
    }),
  });
  if (!answer) return;
  const body = { ...old };
  for (const [key, edit] of [["servers", servers], ["tools", tools], ["deny", deny]]) {
    const list = edit.value();
    if (list.length > 0) body[key] = list;
    else delete body[key];
  }
  await change((tag) => put(`/groups${path(name ?? input.value.trim())}`, body, { etag: tag }), etag, `The group ${name ?? input.value.trim()} is saved.`, state);
}

const STORED = { hash: "only a fingerprint of it", plain: "as it is", variable: "the name of a variable" };

function drawKeys(place, { keys, etag }, groups, state) {
  const add = button("Make a key", "add", () => editKey(null, {}, groups, etag, state), "small-button primary");
  const words = (list, nothing) => (list?.length > 0 ? list.map((one) => h("code", null, one)).flatMap((one, at) => (at > 0 ? [" ", one] : [one])) : h("span", { class: "muted" }, nothing));
  const row = (one) => h("tr", null,
    h("td", { class: "wide" }, h("strong", null, one.name)),
    h("td", { "data-label": "Groups" }, words(one.groups, "everything")), h("td", { "data-label": "Tools" }, words(one.tools, "all")),
    h("td", { "data-label": "Stored" }, one.source === "environment" ? "in the environment" : `in the file, ${STORED[one.stored] ?? one.stored}`, one.stored === "plain" && one.source === "file" ? [" ", badge("warn", "readable", icon("warn"))] : null),
    h("td", { class: "actions" }, one.source === "environment" ? h("span", { class: "muted small" }, "set where the hub is started") : [
      button("Change", "edit", () => editKey(one.name, one, groups, etag, state), "small-button"),
      button("Revoke", "trash", async () => {
        if (await ask({ title: `Revoke the key ${one.name}?`, text: "It opens nothing from then on, and the sessions that use it are ended.", yes: "Revoke it", danger: true })) await change((tag) => del(`/keys${path(one.name)}`, { etag: tag }), etag, `The key ${one.name} is revoked.`, state);
      }, "small-button")]));
  const table = h("div", { class: "table-wrap table-cards" }, h("table", null, h("thead", null, h("tr", null, ["Key", "Groups", "Tools", "Stored", ""].map((word) => h("th", { scope: "col" }, word || h("span", { class: "unseen" }, "Actions"))))), h("tbody", null, keys.map(row))));
  fill(place, h("div", { class: "card-head" }, h("h2", null, "Keys"), keys.length > 0 ? add : null),
    keys.length > 0 ? table : empty("No keys", "Everyone who reaches the hub's port may call it. That is fine while only programs on this machine can. With the first key, every client needs one.", add));
}

async function editKey(name, old, groups, etag, state) {
  const input = h("input", { value: name ?? "", required: true, disabled: name !== null, spellcheck: "false", placeholder: "who uses it, such as laptop or ci" });
  const boxes = groups.map((one) => ({ one, box: h("input", { type: "checkbox", checked: old.groups?.includes(one) ?? false }) }));
  const tools = linesEdit(old.tools, { placeholder: "all" });
  const answer = await open({
    title: name === null ? "Make a key" : `Change the key ${name}`,
    build: (close) => ({
      body: h("form", { id: "key", class: "stack", on: { submit: (event) => { event.preventDefault(); close(true); } } },
        field("Name", input),
        boxes.length > 0 ? group("Groups that it opens", h("div", { class: "stack-small" }, boxes.map(({ one, box }) => h("label", { class: "check" }, box, one))), "None chosen: everything.") : h("p", { class: "muted" }, "It opens everything. Make a group first to limit it."),
        field("Only these tools", tools.view, "By the names that clients see, one a line; * stands for anything.")),
      actions: [h("button", { type: "button", on: { click: () => close() } }, "Cancel"), h("button", { type: "submit", form: "key", class: "primary" }, name === null ? "Make it" : "Save")],
    }),
  });
  if (!answer) return;
  const chosen = boxes.filter(({ box }) => box.checked).map(({ one }) => one);
  const limits = { ...(chosen.length > 0 ? { groups: chosen } : {}), ...(tools.value().length > 0 ? { tools: tools.value() } : {}) };
  if (name !== null) {
    await change((tag) => put(`/keys${path(name)}`, limits, { etag: tag }), etag, `The key ${name} is saved.`, state);
    return;
  }
  const made = await change((tag) => post("/keys", { name: input.value.trim(), ...limits }, { etag: tag }), etag, `The key ${input.value.trim()} is made.`, state);
  if (made?.key) await showKey(made);
}

async function showKey({ name, key }) {
  await open({
    title: `The key ${name}`,
    build: (close) => ({
      body: [notice("warn", h("p", null, h("strong", null, "Copy it now. "), "The hub keeps only a fingerprint, so it can never be shown again.")), copyBlock(key, "Copy"), h("p", { class: "muted small" }, "A client sends it as “Authorization: Bearer …”. ", h("a", { href: "/connect", on: { click: () => close() } }, "How to give it to a client"))],
      actions: h("button", { type: "button", class: "primary", on: { click: () => close() } }, "I have it"),
    }),
  });
}
