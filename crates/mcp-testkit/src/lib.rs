//! Fakes for tests: scripted peers, a fast echo server, a badly behaved child.
//!
//! ```
//! use mcp_testkit::Script;
//!
//! let script = Script::new().answer("prompts/list", r#"{"prompts":[]}"#);
//! let transport = script.transport();
//! # drop(transport);
//! ```
//!
//! Everything here is for tests: it panics where product code would explain.

#![expect(clippy::expect_used, reason = "a test fails by panicking")]

mod greeting;
mod program;
mod script;

pub use greeting::Greeting;
pub use program::{bin, living};
pub use script::Script;
