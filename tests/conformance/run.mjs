// Runs the official conformance suite through our programs, prints a table, and compares it with `expected.json`.
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { stand } from "./processes.mjs";
import { clientScenarios, fronts, isMeaningless, nameOf, runs, suites } from "./runs.mjs";
import { scenariosOf, testClient, testServer } from "./suite.mjs";
import { differences, expectations, failuresOf } from "./verdict.mjs";

const USAGE = `Usage: tests/conformance/run [OPTIONS]

  --smoke          only the frozen requirement sets, through mcp-stdio and mcp-hub
  --cross          also suites of one era before a server of the other
  --only TEXT      only runs whose name has TEXT in it
  --binaries DIR   where our programs are [default: target/debug]
  --report FILE    write every check that was made as JSON
  --list           print the names of the runs

Exit codes: 0 as expected, 1 something passes or fails unexpectedly, 2 it could not be run`;

const { values: options } = parseArgs({
  options: {
    smoke: { type: "boolean" },
    cross: { type: "boolean" },
    only: { type: "string", default: "" },
    binaries: { type: "string", default: fileURLToPath(new URL("../../target/debug", import.meta.url)) },
    report: { type: "string" },
    list: { type: "boolean" },
    help: { type: "boolean" },
  },
});
if (options.help) {
  console.log(USAGE);
  process.exit(0);
}
const binaries = resolve(options.binaries);
const selected = runs(options).filter((run) => nameOf(run).includes(options.only));
if (options.list) {
  for (const run of selected) console.log(nameOf(run));
  process.exit(0);
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(error);
  process.exitCode = 2;
}

async function main() {
  const expected = await expectations();
  const started = Date.now();
  const results = [];
  for (const run of selected) {
    const before = Date.now();
    const found = run.side === "server" ? await serverRun(run) : await clientRun(run);
    results.push(...found);
    console.log(row(run, found, Date.now() - before));
  }
  if (options.report) await report(results);
  const lines = differences(results, expected);
  for (const line of lines) console.log(line);
  const seconds = Math.round((Date.now() - started) / 1000);
  console.log(`${selected.length} runs in ${seconds} s; ${lines.length === 0 ? "all as expected" : `${lines.length} differences`}`);
  return lines.length === 0 ? 0 : 1;
}

async function serverRun(run) {
  const suite = suites[run.suite];
  const { names, unscored } = await scenariosOf(suite);
  const standing = await stand(fronts[run.front], run.era, binaries);
  try {
    const found = await testServer(suite, names, standing.url);
    return [...found]
      .filter(([scenario]) => !isMeaningless(run, scenario))
      .map(([scenario, checks]) => ({ run, scenario, scored: !unscored.has(scenario), checks }));
  } finally {
    await standing.end();
  }
}

async function clientRun(run) {
  const results = [];
  for (const scenario of clientScenarios[run.suite]) {
    const driver = fileURLToPath(new URL("client.mjs", import.meta.url));
    const front = Object.keys(fronts).indexOf(run.front);
    const command = [process.execPath, driver, front, binaries].join(" ");
    const { checks } = await testClient(run.suite, scenario, command);
    results.push({ run, scenario, scored: true, checks });
  }
  return results;
}

/** A line of the table: the run, scenarios that pass of those that count, of the others, and checks that hold. */
function row(run, results, ms) {
  const passes = (result) => !result.checks.some((check) => check.status === "FAILURE");
  const share = (list) => `${list.filter(passes).length}/${list.length}`;
  const count = (status) => results.flatMap((result) => result.checks).filter((check) => check.status === status).length;
  const failing = results.filter((result) => failuresOf(result.checks).length > 0).map((result) => result.scenario);
  return [
    nameOf(run).padEnd(46),
    share(results.filter((result) => result.scored)).padStart(6),
    share(results.filter((result) => !result.scored)).padStart(6),
    `${count("SUCCESS")} ok ${count("WARNING")} warn ${count("FAILURE")} fail`.padStart(26),
    `${Math.round(ms / 1000)} s`.padStart(6),
    ` ${failing.join(" ")}`,
  ].join(" ");
}

async function report(results) {
  const checks = results.flatMap(({ run, scenario, scored, checks }) =>
    checks.map(({ id, status, errorMessage, details }) => ({ run: nameOf(run), scenario, scored, id, status, errorMessage, details })));
  await mkdir(dirname(resolve(options.report)), { recursive: true });
  await writeFile(options.report, JSON.stringify(checks, null, 1));
}
