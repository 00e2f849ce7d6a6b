# The recipes of this workspace; `just` alone lists them.
list:
    @just --list --unsorted

# What one runs between edits: format, lints, tidiness.
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets -- -D warnings
    cargo xtask tidy

# Every test; what lacks a peer is listed as skipped. `just peers` installs them.
test *ARGS:
    cargo xtask test {{ARGS}}

# The official clients and servers that the interop tests use.
peers:
    tests/peers/install

# The official conformance suite, through our programs; installs itself. `--smoke`, `--cross`, `--only TEXT`: see `--help`.
conformance *ARGS:
    cargo build --package mcp-stdio --package mcp-hub
    tests/conformance/run {{ARGS}}

# Every client with every server through every program, and docs/compatibility.md; needs MCP_SPEC_DIR and `just peers`. `--only TEXT` picks cells.
grid *ARGS="--table docs/compatibility.md":
    cargo build --package mcp-stdio --package mcp-hub --package mcp-rest --package grid
    cargo run --quiet --package grid -- {{ARGS}}

# What the proxies cost, beside no proxy, a bare bridge and other proxies (`tests/bench/install`). `--only TEXT`, `--quick`.
bench *ARGS:
    cargo build --release --package mcp-stdio --package mcp-hub --package mcp-rest --package bench
    target/release/bench run {{ARGS}}

# The instructions of each part of a call, against tests/bench/gate.json; 5 % more fail. `--only TEXT`; `--write` takes them as they are.
bench-gate *ARGS:
    cargo build --release --package mcp-stdio --package mcp-hub --package mcp-rest --package bench
    target/release/bench gate {{ARGS}}

# What has to hold before a change lands.
ci:
    .ci/run

fmt:
    cargo fmt --all

# The documentation of every crate, in a browser.
docs:
    cargo doc --workspace --no-deps --open

# The crate graph, to hold beside docs/architecture.md.
graph:
    cargo xtask graph

# Licences, bans, sources and advisories; needs cargo-deny.
deny:
    cargo deny check

# A minute of fuzzing for each target; needs nightly and cargo-fuzz.
[working-directory: "tests/fuzz"]
fuzz SECONDS="60":
    for target in $(cargo +nightly fuzz list); do cargo +nightly fuzz run "$target" -- -max_total_time={{SECONDS}} || exit 1; done
