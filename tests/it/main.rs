//! Tests that need more than one crate: real peers, real processes, and the shape of the workspace.
//!
//! One binary, one file per subject. A test that needs something this machine may lack goes through [`skip`].

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

use std::env;
use std::path::PathBuf;

mod architecture;
mod bench;
mod client;
mod configured;
mod controlled;
mod crowd;
mod dedicated;
mod demo;
mod exit;
mod folder;
mod grid;
mod hub;
mod hygiene;
mod interaction;
mod keyed;
mod marked;
mod other_era;
mod parity;
mod peers;
mod per_client;
mod proxy;
mod reloaded;
mod rest;
mod restart;
mod rmcp;
mod rude;
mod secrets;
mod settings;
mod shutdown;
mod skip;
mod status;
mod survives;
mod tls;
mod url_only;
mod watched;

/// The folder of this package. Cargo and nextest tell it to a test they run; it was built there otherwise.
fn here() -> PathBuf {
    env::var_os("CARGO_MANIFEST_DIR").map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from)
}
