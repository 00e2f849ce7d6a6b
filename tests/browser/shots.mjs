// Pictures of every page, light and dark, wide and narrow, for people to look at.
import path from "node:path";

import { goTo, PAGES } from "./access.mjs";

export async function shots(world, directory) {
  const { page } = world;
  for (const scheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme: scheme });
    for (const width of [1280, 390]) {
      await page.setViewportSize({ width, height: 860 });
      for (const [name, where] of Object.entries(PAGES)) {
        await goTo(world, where);
        await page.screenshot({ path: path.join(directory, `${name}-${scheme}-${width}.png`), fullPage: true });
      }
    }
  }
  await page.emulateMedia({ colorScheme: null });
  await page.setViewportSize({ width: 1280, height: 860 });
}
