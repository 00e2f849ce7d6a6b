//! The crate graph is the one of the house: every edge points down, siblings never meet.

use std::collections::BTreeMap;
use std::env;
use std::process::Command;

use serde::Deserialize;

const JSONRPC: &str = "mcp-jsonrpc";
const PROTOCOL: &str = "mcp-protocol";
const TRANSPORT: &str = "mcp-transport";
const CORE: &str = "mcp-proxy-core";
const TESTKIT: &str = "mcp-testkit";

/// The crates between the transport layer and the core. None of them knows another.
const PARTS: [&str; 8] = [
    "mcp-transport-stdio",
    "mcp-transport-http",
    "mcp-supervisor",
    "mcp-session",
    "mcp-eras",
    "mcp-aggregator",
    "mcp-openapi",
    "mcp-auth",
];

/// Third-party crates that only some may depend on, dev dependencies aside: which, and who.
const REACH: [(&[&str], &[&str]); 2] = [
    (&["hyper", "hyper-util", "hyper-rustls"], &["mcp-transport-http", CORE, "mcp-control", "mcp-admin"]),
    (&["clap", "clap_complete", "tracing-subscriber", "mimalloc"], &["mcp-cli", "mcp-stdio", "mcp-rest", "mcp-hub"]),
];

/// Errors without a type, which no crate has, not even in its tests.
const NOWHERE: [&str; 3] = ["anyhow", "eyre", "color-eyre"];

/// Runtimes and wires, which the crates that know only text stay free of.
const NOT_FOR_TEXT: [&str; 5] = ["tokio", "http", "http-body", "http-body-util", "futures"];

/// The crates of ours that a crate may depend on; `None` if the house has no such crate.
fn below(name: &str) -> Option<Vec<&'static str>> {
    let base = || vec![JSONRPC, PROTOCOL, TRANSPORT];
    let core = || [base(), PARTS.to_vec()].concat();
    Some(match name {
        "mcp-jsonrpc" | "xtask" | "grid" => vec![],
        "mcp-protocol" => vec![JSONRPC],
        "mcp-transport" => vec![JSONRPC, PROTOCOL],
        // Its own tests run the badly behaved child, which cargo builds for no other package's tests.
        "mcp-testkit" => [base(), vec!["mcp-transport-stdio"]].concat(),
        "mcp-proxy-core" => core(),
        "mcp-config" => [core(), vec![CORE]].concat(),
        "mcp-control" | "examples" => [core(), vec![CORE, "mcp-config"]].concat(),
        "mcp-cli" => vec![CORE, "mcp-config", "mcp-control"],
        "bench" => vec![CORE],
        "mcp-admin" => [core(), vec![CORE, "mcp-config", "mcp-control"]].concat(),
        "mcp-stdio" | "mcp-rest" => vec![CORE, "mcp-config", "mcp-control", "mcp-cli"],
        "mcp-hub" => vec![CORE, "mcp-config", "mcp-control", "mcp-cli", "mcp-admin"],
        "tests" => [core(), vec![CORE, "mcp-config", "mcp-control", "mcp-cli", "mcp-admin"]].concat(),
        part if PARTS.contains(&part) => base(),
        _ => return None,
    })
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Every edge that the house does not have, as a sentence.
fn forbidden(metadata: &Metadata) -> Vec<String> {
    let mut found = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let Some(below) = below(name) else {
            found.push(format!("{name} has no place in the graph: give it one here and in docs/architecture.md"));
            continue;
        };
        for dependency in &package.dependencies {
            let to = dependency.name.as_str();
            let dev = dependency.kind.as_deref() == Some("dev");
            let allowed = if dependency.path.is_some() {
                below.contains(&to) || (dev && to == TESTKIT)
            } else {
                outside(name, to, dev)
            };
            if !allowed {
                found.push(format!("{name} may not depend on {to}{}", if dev { " (dev)" } else { "" }));
            }
        }
    }
    found
}

/// Whether a crate may use a third-party crate.
fn outside(name: &str, to: &str, dev: bool) -> bool {
    let is_text = [JSONRPC, PROTOCOL].contains(&name);
    let is_ours = name.starts_with("mcp-") && name != TESTKIT;
    let in_reach = REACH.iter().all(|(crates, users)| !crates.contains(&to) || users.contains(&name));
    let stays_text = !is_text || !NOT_FOR_TEXT.contains(&to);
    !NOWHERE.contains(&to) && (dev || (stays_text && (!is_ours || in_reach)))
}

#[test]
fn every_edge_is_one_of_the_house() {
    let output = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(crate::here())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Metadata = serde_json::from_slice(&output.stdout).unwrap();
    assert!(metadata.packages.iter().any(|package| package.name == JSONRPC), "that is not our workspace");
    assert_eq!(forbidden(&metadata), [""; 0]);
}

/// Edges as `(from, to, kind)`; those to crates of ours get a path.
#[track_caller]
fn check(edges: &[(&str, &str, Option<&str>)], expected: &[&str]) {
    let mut packages: BTreeMap<&str, Vec<Dependency>> = BTreeMap::new();
    for &(from, to, kind) in edges {
        let path = below(to).map(|_| format!("crates/{to}"));
        let kind = kind.map(str::to_owned);
        packages.entry(from).or_default().push(Dependency { name: to.to_owned(), kind, path });
    }
    let packages =
        packages.into_iter().map(|(name, dependencies)| Package { name: name.to_owned(), dependencies }).collect();
    assert_eq!(forbidden(&Metadata { packages }), expected);
}

#[test]
fn edges_up_and_sideways_are_found() {
    check(&[(TRANSPORT, JSONRPC, None), (CORE, "mcp-eras", None), ("mcp-config", CORE, None)], &[]);
    check(&[(JSONRPC, PROTOCOL, None)], &["mcp-jsonrpc may not depend on mcp-protocol"]);
    check(&[("mcp-eras", "mcp-session", None)], &["mcp-eras may not depend on mcp-session"]);
    check(&[("mcp-stdio", TRANSPORT, None)], &["mcp-stdio may not depend on mcp-transport"]);
    check(&[("xtask", JSONRPC, Some("build"))], &["xtask may not depend on mcp-jsonrpc"]);
}

#[test]
fn the_testkit_is_for_tests_alone() {
    check(&[(CORE, TESTKIT, Some("dev"))], &[]);
    check(&[(CORE, TESTKIT, None)], &["mcp-proxy-core may not depend on mcp-testkit"]);
    check(&[("mcp-eras", "mcp-session", Some("dev"))], &["mcp-eras may not depend on mcp-session (dev)"]);
}

#[test]
fn third_party_crates_stay_within_their_reach() {
    check(&[("mcp-transport-http", "hyper", None), ("mcp-eras", "hyper", Some("dev"))], &[]);
    check(&[("mcp-eras", "hyper", None)], &["mcp-eras may not depend on hyper"]);
    check(&[(PROTOCOL, "tokio", None)], &["mcp-protocol may not depend on tokio"]);
    check(&[(CORE, "anyhow", Some("dev"))], &["mcp-proxy-core may not depend on anyhow (dev)"]);
    check(&[("mcp-config", "clap", None), ("mcp-stdio", "clap", None)], &["mcp-config may not depend on clap"]);
}

#[test]
fn a_crate_without_a_place_is_found() {
    let packages = vec![Package { name: "mcp-extra".to_owned(), dependencies: Vec::new() }];
    let expected = ["mcp-extra has no place in the graph: give it one here and in docs/architecture.md"];
    assert_eq!(forbidden(&Metadata { packages }), expected);
}
