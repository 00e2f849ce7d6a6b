// The accessibility check of every page, light and dark, wide and narrow.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";

export const PAGES = {
  overview: "/", "server-log": "/servers/files", "server-tools": "/servers/files?tab=tools", "server-settings": "/servers/files?tab=settings",
  "add-package": "/add", "add-paste": "/add?tab=paste", "add-by-hand": "/add?tab=hand", tools: "/tools", "tool-change": "/tools/files/tool/search_files?tab=change",
  "tool-definitions": "/tools/files/tool/search_files?tab=definition", "tool-try": "/tools/files/tool/search_files?tab=try", traffic: "/traffic", access: "/access",
  sessions: "/sessions", configuration: "/config", history: "/config?tab=history", install: "/install", terminal: "/terminal", connect: "/connect", activity: "/activity",
};

const SERIOUS = new Set(["serious", "critical"]);

/** A page, once it shows what it has to show. */
export async function goTo({ page, hub }, path) {
  await page.goto(hub.admin + path);
  await page.locator("main h1").first().waitFor();
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 150))));
}

async function check(world, scheme) {
  const { page } = world;
  const source = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const findings = [];
  let minor = 0;
  await page.emulateMedia({ colorScheme: scheme });
  for (const [name, path] of Object.entries(PAGES)) {
    await goTo(world, path);
    await page.evaluate(source);
    const { violations } = await page.evaluate(() => globalThis.axe.run());
    for (const { impact, id, nodes } of violations) {
      if (SERIOUS.has(impact)) findings.push(`${name}: ${impact}: ${id}: ${nodes[0].html.slice(0, 160)} (${nodes.length} of them)`);
      else minor += 1;
    }
  }
  await page.emulateMedia({ colorScheme: null });
  if (findings.length > 0) throw new Error(findings.join("\n"));
  return `${Object.keys(PAGES).length} pages, ${minor} lesser findings`;
}

async function narrow(world) {
  const { page } = world;
  const size = page.viewportSize();
  await page.setViewportSize({ width: 360, height: 740 });
  const wide = [];
  for (const [name, path] of Object.entries(PAGES)) {
    await goTo(world, path);
    const over = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    if (over > 0) wide.push(`${name} is ${over} pixels too wide`);
  }
  await page.getByRole("button", { name: "Menu" }).click();
  await page.getByRole("navigation").getByRole("link", { name: "Tools" }).waitFor();
  await page.setViewportSize(size);
  if (wide.length > 0) throw new Error(wide.join("\n"));
}

async function keyboard(world) {
  const { page } = world;
  await goTo(world, "/");
  await page.evaluate(() => document.activeElement.blur());
  await page.keyboard.press("Tab");
  if ((await page.evaluate(() => document.activeElement.textContent)) !== "Skip to the content") throw new Error("the first stop is not the way past the navigation");
  await page.keyboard.press("Enter");
  if ((await page.evaluate(() => document.activeElement.id)) !== "main") throw new Error("the way past the navigation leads nowhere");
  await goTo(world, "/access");
  const button = page.getByRole("button", { name: "Add a group" });
  await button.focus();
  await page.keyboard.press("Enter");
  for (let at = 0; at < 12; at += 1) {
    await page.keyboard.press("Tab");
    const inside = await page.evaluate(() => document.activeElement === document.body || Boolean(document.activeElement.closest("dialog")));
    if (!inside) throw new Error("the focus leaves an open dialog");
  }
  await page.keyboard.press("Escape");
  await page.getByRole("dialog").waitFor({ state: "detached" });
  if (!(await button.evaluate((element) => element === document.activeElement))) throw new Error("the focus does not come back from the dialog");
}

export const accessibility = [
  { name: "accessibility, light", action: (world) => check(world, "light") },
  { name: "accessibility, dark", action: (world) => check(world, "dark") },
  { name: "fits 360 pixels", action: narrow },
  { name: "works by keyboard", action: keyboard },
];
