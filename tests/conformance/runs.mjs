// What is run: each suite, through each front, before a server of each era.

/** The suites of scenarios for servers, and the era they speak. */
export const suites = {
  "0.1.16": { package: "suite-0.1", era: "legacy" },
  "2025-11-25": { package: "suite-0.2", requirements: "2025-11-25", era: "legacy" },
  "2026-07-28": { package: "suite-0.2", requirements: "2026-07-28", era: "modern" },
};

/** The scenarios for clients that need no authorization, by the revision they are run at. */
export const clientScenarios = {
  "2025-11-25": ["initialize", "tools_call", "elicitation-sep1034-client-defaults", "sse-retry"],
  "2026-07-28": [
    "tools_call",
    "request-metadata",
    "sep-2322-client-request-state",
    "http-standard-headers",
    "http-custom-headers",
    "http-invalid-tool-headers",
    "json-schema-ref-no-deref",
    "json-schema-2020-12-preservation",
  ],
};

/**
 * What stands between the suite and the server. `direct` is the server alone, over HTTP. The others are one of our
 * programs with the configuration of one server named `t`, which they start themselves (`stdio`) or reach by its URL
 * (`http`); `path` is where they offer it.
 */
export const fronts = {
  direct: { back: "http" },
  "mcp-stdio": { program: "mcp-stdio", back: "stdio", path: "/t/mcp" },
  "mcp-stdio, URL": { program: "mcp-stdio", back: "http", path: "/t/mcp" },
  "mcp-hub": { program: "mcp-hub", back: "stdio", path: "/servers/t/mcp" },
  "mcp-hub, group": { program: "mcp-hub", back: "stdio", path: "/groups/g/mcp", more: { groups: { g: { servers: ["t"] } } } },
  "mcp-hub, URL": { program: "mcp-hub", back: "http", path: "/servers/t/mcp" },
};

/** Scenarios that mean nothing in a run: no legacy revision has the tasks extension, so its servers cannot declare it. */
export const isMeaningless = (run, scenario) => run.era === "legacy" && scenario.startsWith("tasks-");

const other = { legacy: "modern", modern: "legacy" };

/** The runs of a selection, in their order. A server of both eras is one that clients of either use at once. */
export function runs({ smoke, cross }) {
  const list = [];
  const add = (front, suite, era) => list.push({ side: "server", front, suite, era });
  if (smoke) {
    for (const front of ["mcp-stdio", "mcp-hub"])
      for (const suite of ["2025-11-25", "2026-07-28"]) add(front, suite, suites[suite].era);
    if (cross) for (const suite of ["2025-11-25", "2026-07-28"]) add("mcp-stdio", suite, other[suites[suite].era]);
  } else {
    for (const front of Object.keys(fronts)) {
      for (const suite of Object.keys(suites)) add(front, suite, suites[suite].era);
      if (cross && front !== "direct") for (const suite of Object.keys(suites)) add(front, suite, other[suites[suite].era]);
    }
    for (const front of ["direct", "mcp-stdio", "mcp-hub"]) for (const suite of Object.keys(suites)) add(front, suite, "both");
    for (const front of ["direct", "mcp-stdio, URL", "mcp-hub, URL"])
      for (const suite of Object.keys(clientScenarios)) list.push({ side: "client", front, suite });
  }
  return list;
}

/** What a run is called in tables, options and `expected.json`. */
export const nameOf = (run) =>
  [run.front, run.suite, run.side === "client" ? "client" : `${run.era} server`].join(" | ");
