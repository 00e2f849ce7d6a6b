// What the browser itself makes sure of: the policy of the pages, and that other pages reach nothing.
import assert from "node:assert/strict";
import { createServer } from "node:http";

import { goTo } from "./access.mjs";

async function policy(world) {
  const { page, hub, browser } = world;
  const answer = await page.goto(hub.admin);
  const headers = answer.headers();
  assert.match(headers["content-security-policy"], /default-src 'none'.*script-src 'self'/);
  assert.ok(!/unsafe/.test(headers["content-security-policy"]), headers["content-security-policy"]);
  assert.equal(headers["x-content-type-options"], "nosniff");
  assert.equal(headers["referrer-policy"], "no-referrer");
  await page.locator("main h1").first().waitFor();
  const ran = await browser.expecting(/Content Security Policy|violates/i, () => page.evaluate(async () => {
    globalThis.ran = [];
    const script = document.createElement("script");
    script.textContent = "globalThis.ran.push('script')";
    document.body.append(script);
    const place = document.createElement("div");
    place.innerHTML = "<img src=\"x:\" onerror=\"globalThis.ran.push('attribute')\">";
    document.body.append(place);
    const far = document.createElement("script");
    far.src = "https://example.com/x.js";
    const refused = new Promise((resolve) => { far.onerror = () => resolve(true); far.onload = () => resolve(false); });
    document.body.append(far);
    if (!(await refused)) globalThis.ran.push("far script");
    await fetch("https://example.com/").then(() => globalThis.ran.push("far fetch"), () => {});
    await new Promise((resolve) => setTimeout(resolve, 100));
    return globalThis.ran;
  }));
  assert.deepEqual(ran, []);
}

async function strangers(world) {
  const { hub, browser } = world;
  const server = createServer((request, response) => response.setHeader("content-type", "text/html").end("<title>stranger</title>"));
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const page = await browser.context.newPage();
  try {
    // Another port of the same machine gets the cookie, SameSite=Strict or not; the origin and the token have to keep it out.
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    const reached = await browser.expecting(/./, () => page.evaluate(async (admin) => {
      const reached = [];
      const read = (name, answer) => answer.then(async (one) => reached.push(`${name}: ${one.status} ${(await one.text()).slice(0, 80)}`), () => {});
      await read("read", fetch(`${admin}/api/v1/servers`, { credentials: "include" }));
      await read("write", fetch(`${admin}/api/v1/servers/files/stop`, { method: "POST", credentials: "include" }));
      await read("simple write", fetch(`${admin}/api/v1/servers/files/stop`, { method: "POST", credentials: "include", headers: { "Content-Type": "text/plain" }, body: "{}" }));
      await fetch(`${admin}/api/v1/servers/files/stop`, { method: "POST", mode: "no-cors", credentials: "include" }).catch(() => {});
      await new Promise((resolve) => {
        const socket = new WebSocket(`${admin.replace("http", "ws")}/api/v1/terminals/1/socket?ticket=x`);
        socket.onopen = () => { reached.push("socket"); resolve(); };
        socket.onerror = resolve;
      });
      const frame = document.createElement("iframe");
      frame.src = admin;
      document.body.append(frame);
      await new Promise((resolve) => { frame.onload = resolve; setTimeout(resolve, 1000); });
      return reached;
    }, hub.admin));
    assert.deepEqual(reached, []);
  } finally {
    await page.close();
    server.close();
  }
  const states = await world.page.evaluate(async () => (await (await fetch("/api/v1/servers")).json()).servers.map(({ name, state }) => [name, state]));
  assert.equal(Object.fromEntries(states).files, "running", "nothing has been stopped by a stranger");
}

async function tokenless(world) {
  await goTo(world, "/");
  const statuses = await world.browser.expecting(/403/, () => world.page.evaluate(async () => {
    const post = (headers) => fetch("/api/v1/servers/files/restart", { method: "POST", headers }).then((answer) => answer.status);
    return [await post({}), await post({ "X-CSRF-Token": "wrong" })];
  }));
  assert.deepEqual(statuses, [403, 403]);
  const visible = await world.page.evaluate(() => document.cookie);
  assert.equal(visible, "", "no script can read the cookie");
}

async function words(world) {
  // A server chooses its tools' names and descriptions; they must stay words.
  await goTo(world, "/config");
  const text = await world.page.evaluate(async () => document.documentElement.outerHTML);
  assert.ok(!text.includes("not-to-be-seen"), "a secret is in the page");
  assert.ok(!world.hub.all().includes(world.hub.password) && !world.hub.all().includes("not-to-be-seen"), "a secret is in the log");
}

export const security = [
  { name: "security: the policy of the pages holds", action: policy },
  { name: "security: other pages reach nothing", action: strangers },
  { name: "security: writes need the token", action: tokenless },
  { name: "security: secrets stay where they are", action: words },
];
