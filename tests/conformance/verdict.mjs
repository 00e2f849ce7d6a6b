// Compares what the suite found with `expected.json`.
import { readFile } from "node:fs/promises";
import { nameOf } from "./runs.mjs";

const FIELDS = ["run", "scenario", "check", "message", "specification"];

/** The expected failures; throws if one of them lacks a field. */
export async function expectations() {
  const sections = JSON.parse(await readFile(new URL("expected.json", import.meta.url), "utf8"));
  for (const [section, entries] of Object.entries(sections))
    for (const [i, entry] of entries.entries())
      for (const field of FIELDS)
        if (typeof entry[field] !== "string" || entry[field].trim() === "")
          throw new Error(`expected.json: ${section}[${i}] has no ${field}`);
  return Object.values(sections).flat();
}

/** The checks of a scenario that do not hold, one for each id. A warning is a SHOULD, and counts like a MUST. */
export function failuresOf(checks) {
  const bad = checks.filter((check) => check.status === "FAILURE" || check.status === "WARNING");
  return [...new Map(bad.map((check) => [check.id, check])).values()];
}

/** What differs from the expectations, as lines of text. `results` has a run, a scenario and its checks in each. */
export function differences(results, expected) {
  const lines = [];
  const key = (run, scenario, check) => `${run} | ${scenario} | ${check}`;
  const pending = new Map(expected.map((entry) => [key(entry.run, entry.scenario, entry.check), entry]));
  const ran = new Set();
  for (const { run, scenario, checks } of results) {
    ran.add(key(nameOf(run), scenario, ""));
    for (const check of failuresOf(checks))
      if (!pending.delete(key(nameOf(run), scenario, check.id)))
        lines.push(`unexpected ${check.status}: ${nameOf(run)} | ${scenario} | ${check.id}: ${check.errorMessage ?? check.description}`);
  }
  for (const entry of pending.values())
    if (ran.has(key(entry.run, entry.scenario, "")))
      lines.push(`unexpected pass: ${entry.run} | ${entry.scenario} | ${entry.check}; take it out of expected.json`);
  return lines;
}
