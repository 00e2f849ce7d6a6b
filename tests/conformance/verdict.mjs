// Compares what the suite found with `expected.json`.
import { readFile } from "node:fs/promises";
import { nameOf } from "./runs.mjs";

// The run (`*` for any front, suite or server), the scenario and the check; a part of what the suite says; what the server sent; and the
// sentence of the specification that makes the failure right.
const FIELDS = ["run", "scenario", "check", "says", "message", "specification"];

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
  for (const { run, scenario, checks } of results) {
    const name = nameOf(run);
    const entries = expected.filter((entry) => covers(entry.run, name) && entry.scenario === scenario);
    const failures = failuresOf(checks);
    for (const { id, status, description, errorMessage = description } of failures)
      if (!entries.some((entry) => entry.check === id && errorMessage.includes(entry.says)))
        lines.push(`unexpected ${status}: ${name} | ${scenario} | ${id}: ${errorMessage}`);
    for (const { check } of entries)
      if (!failures.some((failure) => failure.id === check))
        lines.push(`unexpected pass: ${name} | ${scenario} | ${check}; take it out of expected.json`);
  }
  return lines;
}

function covers(pattern, name) {
  const parts = name.split(" | ");
  return pattern.split(" | ").every((wanted, i) => wanted === "*" || wanted === parts[i]);
}
