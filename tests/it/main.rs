//! Tests that need more than one crate: real peers, real processes, and the shape of the workspace.
//!
//! One binary, one file per subject. A test that needs something this machine may lack goes through [`skip`].

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod architecture;
mod peers;
mod proxy;
mod rmcp;
mod skip;
