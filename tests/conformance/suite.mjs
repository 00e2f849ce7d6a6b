// Runs the official suite in a process of its own and reads what it found.
import { mkdtemp, readFile, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "yaml";
import { Child } from "./processes.mjs";

const SUITE_MS = 150_000; // for all scenarios in one process
const SCENARIO_MS = 40_000; // for one by itself

const modules = fileURLToPath(new URL("node_modules", import.meta.url));
// The suite wants Node 22 or newer; there is one beside it for the usual machines.
const node = Number(process.versions.node.split(".")[0]) >= 22 ? process.execPath : join(modules, ".bin", "node");
const program = (suite) => join(modules, suite.package, "dist", "index.js");

/** The names of a suite's scenarios for servers, and of those that do not count. */
export async function scenariosOf(suite) {
  if (suite.requirements) {
    const path = join(modules, suite.package, "requirements", `${suite.requirements}.yaml`);
    const { server, not_scored } = parse(await readFile(path, "utf8"));
    const unscored = not_scored.filter((entry) => entry.leg === "server").map((entry) => entry.scenario);
    return { names: [...server, ...unscored], unscored: new Set(unscored) };
  }
  const child = new Child(node, [program(suite), "list", "--server"]);
  await child.ended(SCENARIO_MS);
  return { names: [...child.output.matchAll(/^ +- (\S+)/gm)].map((match) => match[1]), unscored: new Set() };
}

/** Runs a suite against the server at `url`; gives a map of its scenarios to their checks. */
export async function testServer(suite, names, url) {
  return inFolder(async (folder) => {
    const run = (more, limitMs) => new Child(node, [program(suite), "server", "--url", url, "-o", folder, ...more]).ended(limitMs);
    const all = suite.requirements ? ["--requirements", suite.requirements] : ["--suite", "all"];
    const one = suite.requirements ? ["--spec-version", suite.requirements] : [];

    // All in one process is much faster; what a hang kept from running gets one of its own.
    await run(all, SUITE_MS);
    let results = await resultsIn(folder);
    for (const name of names.filter((name) => !results.has(`server-${name}`))) {
      await run(["--scenario", name, ...one], SCENARIO_MS);
      results = await resultsIn(folder);
    }
    return new Map(names.map((name) => [name, results.get(`server-${name}`) ?? [noResult]]));
  });
}

/** Runs one scenario for clients with `command`, which gets the URL of the suite's server; gives its checks. */
export async function testClient(revision, scenario, command) {
  return inFolder(async (folder) => {
    const suite = program({ package: "suite-0.2" });
    const run = ["client", "--scenario", scenario, "--spec-version", revision, "--command", command, "-o", folder];
    const child = new Child(node, [suite, ...run]);
    await child.ended(SCENARIO_MS);
    const checks = [...(await resultsIn(folder)).values()][0] ?? [noResult];
    return { checks, output: child.output };
  });
}

const noResult = { id: "no-result", status: "FAILURE", errorMessage: "the suite left no result for this scenario" };

async function inFolder(work) {
  const folder = await mkdtemp(join(tmpdir(), "conformance-"));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The checks in a folder of results, which has a folder for each scenario, named after it and the time. */
async function resultsIn(folder) {
  const results = new Map();
  for (const path of await readdir(folder, { recursive: true })) {
    const match = path.match(/^(.*)-\d{4}-\d{2}-\d{2}T[\d-]+Z\/checks\.json$/);
    if (match) results.set(match[1], JSON.parse(await readFile(join(folder, path), "utf8")));
  }
  return results;
}
