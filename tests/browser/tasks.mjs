// What a person does with the pages, from logging in to signing out. Each task goes on from where the one before has ended.
import assert from "node:assert/strict";
import { writeFile } from "node:fs/promises";

import { Client } from "../peers/node_modules/@modelcontextprotocol/sdk/dist/esm/client/index.js";
import { StreamableHTTPClientTransport } from "../peers/node_modules/@modelcontextprotocol/sdk/dist/esm/client/streamableHttp.js";
import { ToolListChangedNotificationSchema } from "../peers/node_modules/@modelcontextprotocol/sdk/dist/esm/types.js";

import { until } from "./browser.mjs";
import { EVERYTHING } from "./hub.mjs";

export async function logIn({ hub, page }, password = hub.password) {
  await page.getByLabel("Password").fill(password);
  await page.getByRole("button", { name: "Log in" }).click();
}

/** Goes to a page by its place in the navigation. */
export async function visit({ page }, name) {
  await page.getByRole("navigation").getByRole("link", { name, exact: false }).click();
  await page.getByRole("heading", { level: 1 }).first().waitFor();
}

const toast = (page, text) => page.getByRole("status").filter({ hasText: text }).first().waitFor();

async function comesIn(world) {
  const { hub, browser } = world;
  const page = await browser.context.newPage();
  world.page = page;
  await browser.expecting(/401|429/, async () => {
    await page.goto(`${hub.admin}/tools`);
    await page.getByLabel("Password").waitFor();
    assert.equal(await page.getByRole("navigation").count(), 0, "nothing of the hub is shown before the login");
    await logIn(world, "wrong password");
    await page.getByRole("alert").filter({ hasText: /\S/ }).waitFor();
    await logIn(world);
    await page.getByRole("heading", { name: "Tools", level: 1 }).waitFor();
  });
  const cookie = (await browser.context.cookies()).find(({ name }) => name.includes("mcp-admin"));
  assert.ok(cookie.httpOnly && cookie.sameSite === "Strict" && cookie.path === "/", JSON.stringify(cookie));
}

async function paints({ page, hub, browser }) {
  const times = [];
  for (let at = 0; at < 3; at += 1) {
    await page.goto(hub.admin);
    await page.getByRole("heading", { name: "Overview" }).waitFor();
    times.push(await page.evaluate(() => performance.getEntriesByName("first-contentful-paint")[0]?.startTime));
  }
  const best = Math.min(...times);
  assert.ok(best < 1000, `the first paint took ${times} ms`);
  void browser;
  return `first paint after ${Math.round(best)} ms`;
}

async function addsServer({ page, hub }) {
  await page.getByRole("link", { name: "Add a server" }).first().click();
  await page.getByRole("tab", { name: "By hand" }).click();
  const form = page.getByRole("tabpanel").filter({ visible: true });
  await form.getByLabel("Name", { exact: true }).fill("everything");
  await form.getByLabel("Command", { exact: true }).fill(process.execPath);
  await form.getByRole("button", { name: "Add an argument" }).click();
  await form.getByLabel("Argument 1").fill(EVERYTHING);
  await form.getByLabel("Argument 1").press("Enter");
  await form.getByLabel("Argument 2").fill("stdio");
  await form.getByLabel("Argument 2").press("Enter");
  await form.getByLabel("Argument 3").fill("one, two  \"three\"");
  await form.getByRole("button", { name: "Add a variable" }).click();
  await form.getByLabel("Variable: name").fill("GREETING");
  await form.getByLabel("Variable: value").fill("hello, world");
  await form.getByRole("button", { name: "Test connection" }).click();
  await form.getByText("It works.").waitFor();
  assert.ok(!(await hub.text()).includes("GREETING"), "a test saves nothing");
  await form.getByRole("button", { name: "Add and start" }).click();
  await page.getByRole("heading", { name: "everything", level: 1 }).waitFor();
  await page.getByText("Running", { exact: true }).first().waitFor();
  const text = await hub.text();
  assert.ok(text.includes("// This comment has to survive"), "comments survive");
  assert.ok(text.includes("\"note\": \"a key that nobody knows\""), "unknown keys survive");
  assert.ok(text.includes(JSON.stringify("one, two  \"three\"")), text);
}

async function seesTools({ page }) {
  await page.getByRole("tab", { name: "Tools and more" }).click();
  await page.getByRole("link", { name: "everything__echo", exact: true }).waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Tools" }).click();
  await page.getByRole("heading", { name: "Tools", level: 1 }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("get-sum");
  await page.getByText(/^1 entry of/).waitFor();
  await page.getByRole("link", { name: "everything__get-sum", exact: true }).waitFor();
}

async function renames(world) {
  const { page, hub } = world;
  const client = new Client({ name: "browser-test", version: "1.0.0" });
  let told = 0;
  client.setNotificationHandler(ToolListChangedNotificationSchema, () => { told += 1; });
  await client.connect(new StreamableHTTPClientTransport(new URL(`${hub.mcp}/mcp`)));
  world.client = client;
  const names = async () => (await client.listTools()).tools.map((tool) => tool.name);
  assert.ok((await names()).includes("everything__echo"));
  const before = told;
  await page.goto(`${hub.admin}/tools/everything/tool/echo?tab=change`);
  await page.getByLabel("Name that clients see").fill("parrot");
  await page.getByLabel("Description", { exact: true }).fill("Says what you say.");
  await page.getByRole("button", { name: "Save and apply" }).click();
  await page.getByRole("heading", { name: "parrot" }).waitFor();
  await until("the client is told", () => told > before);
  const tools = (await client.listTools()).tools;
  const parrot = tools.find((tool) => tool.name === "parrot");
  assert.equal(parrot?.description, "Says what you say.");
  assert.ok(!tools.some((tool) => tool.name === "everything__echo"));
  const answer = await client.callTool({ name: "parrot", arguments: { message: "seed" } });
  assert.match(answer.content[0].text, /seed/);
}

async function triesTool({ page }) {
  await page.getByRole("tab", { name: "Try it" }).click();
  await page.getByRole("textbox", { name: "message (required)" }).fill("from the browser");
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByText("Done", { exact: true }).waitFor();
  await page.getByText("Echo: from the browser").first().waitFor();
  await page.getByText("Raw exchange").click();
  await page.getByText("\"tools/call\"").first().waitFor();
}

async function answersQuestion({ page, hub }) {
  await page.goto(`${hub.admin}/tools?q=elicitation`);
  await page.getByRole("link", { name: /Try it everything__trigger-elicitation-request$/ }).click();
  await page.getByRole("button", { name: "Run" }).click();
  const question = page.getByRole("region", { name: "The server asks" });
  await question.waitFor();
  const field = question.getByRole("textbox").first();
  await field.fill("Ada");
  for (const select of await question.getByRole("combobox").all()) if ((await select.inputValue()) === "") await select.selectOption({ index: 1 });
  await question.getByRole("button", { name: "Send answer" }).click();
  await page.getByText("Done", { exact: true }).waitFor();
  await page.getByText("Ada").first().waitFor();
}

async function cancels({ page, hub }) {
  await page.goto(`${hub.admin}/tools/everything/tool/trigger-long-running-operation?tab=try`);
  await page.getByLabel(/duration/i).fill("60");
  await page.getByLabel(/steps/i).fill("120");
  await page.getByRole("button", { name: "Run" }).click();
  await page.getByRole("progressbar").waitFor();
  await page.getByRole("button", { name: "Cancel" }).click();
  await page.getByText("Cancelled", { exact: true }).first().waitFor();
}

async function watchesTraffic({ page }) {
  await page.getByRole("navigation").getByRole("link", { name: "Traffic" }).click();
  await page.getByRole("button", { name: "echo" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("\"tools/call\"").first().waitFor();
  await page.keyboard.press("Escape");
  await dialog.waitFor({ state: "detached" });
}

async function makesKey({ page }) {
  await page.getByRole("navigation").getByRole("link", { name: "Groups and keys" }).click();
  await page.getByRole("button", { name: "Add a group" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("small");
  await dialog.getByLabel("Servers").fill("files");
  await dialog.getByRole("button", { name: "Save" }).click();
  await page.getByText("/groups/small/mcp").waitFor();
  assert.equal(await page.getByRole("dialog").count(), 0);
  // The last key cannot be revoked while the hub runs, so there are two.
  for (const name of ["laptop", "phone"]) {
    await page.getByRole("button", { name: "Make a key" }).click();
    await dialog.getByLabel("Name").fill(name);
    await dialog.getByRole("checkbox", { name: "small" }).check();
    await dialog.getByRole("button", { name: "Make it" }).click();
    const shown = await page.getByRole("dialog").locator("pre").textContent();
    assert.ok(shown.length >= 24, shown);
    await page.getByRole("button", { name: "I have it" }).click();
    await page.getByRole("dialog").waitFor({ state: "detached" });
  }
  await page.getByRole("button", { name: "Revoke" }).first().click();
  await page.getByRole("button", { name: "Revoke it" }).click();
  await toast(page, "is revoked");
}

async function endsSession(world) {
  const { page } = world;
  await page.getByRole("navigation").getByRole("link", { name: "Sessions" }).click();
  await page.getByText("browser-test").first().waitFor();
}

async function breaksAndRepairs({ page, hub }) {
  await page.getByRole("navigation").getByRole("link", { name: "Configuration" }).click();
  const editor = page.getByLabel("Configuration file");
  await editor.waitFor();
  const good = await editor.inputValue();
  assert.ok(!good.includes("not-to-be-seen"), "secrets are masked");
  await editor.fill(good.replace("\"command\":", "\"command\""));
  await page.getByRole("button", { name: /^line \d+, column \d+$/ }).first().waitFor();
  assert.ok(await page.getByRole("button", { name: "See the difference and apply" }).isDisabled());
  await editor.fill(good.replace("// This comment", "// Edited in a browser. This comment"));
  await until("the text is good again", () => page.getByRole("button", { name: "See the difference and apply" }).isEnabled());
  await page.getByRole("button", { name: "See the difference and apply" }).click();
  await page.getByRole("dialog").getByText("Edited in a browser").waitFor();
  await page.getByRole("dialog").getByRole("button", { name: "Apply" }).click();
  await toast(page, "in force");
  const text = await hub.text();
  assert.ok(text.includes("Edited in a browser") && text.includes("not-to-be-seen"), "the masked secret is kept");

  // Broken behind the hub's back: it says so and stays with what it had.
  await writeFile(hub.config, text.replace("\"mcpServers\": {", "\"mcpServers\": ["));
  await page.getByText("The file on disk cannot be used").waitFor();
  await page.getByRole("navigation").getByRole("link", { name: "Overview" }).click();
  await page.getByText("The configuration file has a problem").waitFor();
  await writeFile(hub.config, text);
  await page.getByText("The configuration file has a problem").waitFor({ state: "detached" });
}

async function meetsOther({ page, hub }) {
  await page.goto(`${hub.admin}/servers/files?tab=settings`);
  await page.getByRole("button", { name: "Add a variable" }).waitFor();
  await writeFile(hub.config, (await hub.text()).replace("a key that nobody knows", "changed by another hand"));
  await until("the hub has seen it", async () => (await page.evaluate(async () => (await (await fetch("/api/v1/config")).json()).text)).includes("another hand"));
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByLabel("Variable: name").last().fill("COLOUR");
  await page.getByLabel("Variable: value").last().fill("blue");
  await page.getByRole("button", { name: "Save and apply" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("another hand").first().waitFor();
  await dialog.getByRole("button", { name: "Drop mine and load theirs" }).click();
  await dialog.waitFor({ state: "detached" });
  await page.getByRole("button", { name: "Add a variable" }).click();
  await page.getByLabel("Variable: name").last().fill("COLOUR");
  await page.getByLabel("Variable: value").last().fill("blue");
  await page.getByRole("button", { name: "Save and apply" }).click();
  await toast(page, "files is saved.");
  const text = await hub.text();
  for (const part of ["another hand", "\"COLOUR\": \"blue\"", "not-to-be-seen"]) assert.ok(text.includes(part), `${part} is not in ${text}`);
}

async function restores({ page }) {
  await page.getByRole("navigation").getByRole("link", { name: "Configuration" }).click();
  await page.getByRole("tab", { name: "History" }).click();
  await page.getByRole("button", { name: "Compare or restore" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("COLOUR").first().waitFor();
  await dialog.getByRole("button", { name: "Restore it" }).click();
  await toast(page, "in force again");
  await page.getByRole("tab", { name: "File" }).click();
  await until("the text is the old one", async () => !(await page.getByLabel("Configuration file").inputValue()).includes("COLOUR"));
}

async function watchesInstall({ page }) {
  await page.getByRole("navigation").getByRole("link", { name: "Install" }).click();
  await page.getByRole("region", { name: "Installation of built" }).getByRole("button", { name: "Look and install" }).click();
  await page.getByRole("dialog").getByText("mkdir built").waitFor();
  await page.getByRole("button", { name: "Run them" }).click();
  const card = page.getByRole("region", { name: "Installation of built" });
  await card.getByText("first line", { exact: true }).waitFor();
  await card.getByText("second line", { exact: true }).waitFor();
  await card.getByText("Installed", { exact: true }).waitFor();
}

const screen = (page) => page.evaluate(() => globalThis.adminTerminal?.text ?? "");

async function usesTerminal({ page }) {
  await page.getByRole("navigation").getByRole("link", { name: "Terminal" }).click();
  await page.getByRole("button", { name: "New terminal" }).click();
  await page.getByText("Connected.").waitFor();
  const type = async (line) => {
    await page.keyboard.type(line);
    await page.keyboard.press("Enter");
  };
  await type("echo $((40+2))-is-it");
  await until("the shell answers", async () => (await screen(page)).includes("42-is-it"));
  await type("stty size");
  await until("it has a size", async () => /^\d+ \d+/m.test(await screen(page)));
  const wide = /^(\d+ \d+)/m.exec(await screen(page))[1];
  await page.setViewportSize({ width: 900, height: 700 });
  await until("the shell knows the new size", async () => {
    await type("clear; stty size");
    await new Promise((resolve) => setTimeout(resolve, 300));
    const now = /^(\d+ \d+)/m.exec(await screen(page))?.[1];
    return now && now !== wide;
  });
  await page.setViewportSize({ width: 1280, height: 860 });
  // A program that draws on the whole screen, if the full terminal is built in.
  const program = "vi --version >/dev/null 2>&1 && echo has-vi; top -v >/dev/null 2>&1 && echo has-top";
  await type(`clear; ${program}; echo asked-it`);
  await until("it has told", async () => /^asked-it/m.test(await screen(page)));
  const has = await screen(page);
  const isFull = await page.evaluate(() => globalThis.adminTerminal.full);
  if (isFull && /^has-top/m.test(has)) {
    await type("clear; top");
    await until("top draws", async () => /load average/.test(await screen(page)) && /PID/.test(await screen(page)));
    await page.keyboard.type("q");
    await until("the shell is back", async () => {
      await type("echo back-$((1+1))");
      await new Promise((resolve) => setTimeout(resolve, 200));
      return /^back-2/m.test(await screen(page));
    });
  }
  // A line is edited in its middle, and shown so.
  await type("clear");
  await page.keyboard.type("echo edted-$((1+1))");
  for (let left = "dted-$((1+1))".length; left > 0; left -= 1) await page.keyboard.press("ArrowLeft");
  await page.keyboard.type("di");
  await page.keyboard.press("Delete");
  await page.keyboard.press("Enter");
  await until("the edited line is shown as it runs", async () => /echo edited-\$\(\(1\+1\)\)[^]*^edited-2/m.test(await screen(page)));
  // What asks the screen who it is, is answered once, and not again by who comes back.
  await type("clear; printf '\\033[c'; read -rs -t 1 -n 9 ANSWER; export KEPT=still-here; echo mark-before-reload");
  await until("the mark is there", async () => /^mark-before-reload/m.test(await screen(page)));
  await page.reload();
  await page.getByText("Connected.").waitFor();
  await until("the scrollback is there", async () => /^mark-before-reload/m.test(await screen(page)));
  await type("echo $KEPT");
  await until("it is the same shell", async () => /^still-here/m.test(await screen(page)));
  assert.ok(!/\d;\d+c|\d+c\s*$/.test(await screen(page)), `nothing types into the shell by itself: ${await screen(page)}`);
  await type("exit");
  await page.getByText("The shell has ended").waitFor();
  return isFull ? "with xterm.js" : "the plain one";
}

/** What a program writes is anybody's, and must not cost the browser its memory. */
async function keepsPlainTerminalSmall({ page }) {
  const lines = await page.evaluate(async () => {
    const { plainScreen } = await import("/lib/plain-screen.js");
    const screen = plainScreen();
    screen.resize({ cols: 80, rows: 24 });
    for (const command of "ABCDGdHfJKPX@") for (const far of ["999999999", "999999999;999999999"]) screen.write(`\x1b[${far}${command}x`);
    screen.write("\x1b[9@".repeat(1000));
    const small = screen.text().split("\n");
    screen.write("line\n".repeat(5000));
    return { small, all: screen.text().split("\n") };
  });
  assert.ok(lines.small.length <= 48 && lines.small.every((line) => line.length <= 80), "the cursor stays on the screen");
  assert.equal(lines.all.length, 2000);
}

async function renamesAndDeletes({ page, hub }) {
  await page.goto(`${hub.admin}/servers/built?tab=settings`);
  await page.getByRole("button", { name: "Rename" }).click();
  await page.getByLabel("New name").fill("spare");
  await page.getByRole("dialog").getByRole("button", { name: "Rename" }).click();
  await page.getByRole("heading", { name: "spare", level: 1 }).waitFor();
  await page.getByRole("tab", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Delete" }).click();
  await page.getByRole("button", { name: "Delete it" }).click();
  await page.getByRole("heading", { name: "Overview" }).waitFor();
  assert.ok(!/"(built|spare)": \{/.test(await hub.text()));
}

async function copiesSnippet({ page, hub }) {
  await page.getByRole("navigation").getByRole("link", { name: "Connect a client" }).click();
  await page.getByRole("radio", { name: "Cursor" }).check();
  await page.getByRole("button", { name: "Copy" }).first().click();
  const copied = JSON.parse(await page.evaluate(() => navigator.clipboard.readText()));
  assert.equal(copied.mcpServers.hub.url, `${hub.mcp}/mcp`);
}

async function signsOut(world) {
  const { page, browser } = world;
  await browser.expecting(/401/, async () => {
    await page.getByRole("button", { name: "Sign out" }).click();
    await page.getByText("You have signed out.").waitFor();
    assert.equal(await page.evaluate(async () => (await fetch("/api/v1/servers")).status), 401);
    await page.reload();
    await page.getByLabel("Password").waitFor();
  });
}

export const tasks = [
  { name: "logs in", action: comesIn, always: true },
  { name: "paints soon", action: paints },
  { name: "adds a stdio server through the form", action: addsServer },
  { name: "sees its tools", action: seesTools },
  { name: "renames a tool, and a connected client is told", action: renames },
  { name: "tries a tool", action: triesTool },
  { name: "answers what a tool asks", action: answersQuestion },
  { name: "watches progress and cancels", action: cancels },
  { name: "watches the traffic", action: watchesTraffic },
  { name: "sees who is connected", action: endsSession },
  { name: "makes a group and a key", action: makesKey },
  { name: "breaks and repairs the configuration", action: breaksAndRepairs },
  { name: "meets another editor", action: (world) => world.browser.expecting(/412/, () => meetsOther(world)) },
  { name: "goes back to an earlier version", action: restores },
  { name: "watches an installation", action: watchesInstall },
  { name: "uses the terminal", action: usesTerminal },
  { name: "keeps a plain terminal small", action: keepsPlainTerminalSmall },
  { name: "copies a snippet", action: copiesSnippet },
  { name: "renames and deletes a server", action: renamesAndDeletes },
  { name: "signs out", action: signsOut, last: true },
];
