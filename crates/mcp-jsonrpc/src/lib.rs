//! Reads the envelope of a JSON-RPC text and rewrites parts of it without building a tree.
//!
//! ```
//! use bytes::Bytes;
//! use mcp_jsonrpc::{Id, Message};
//!
//! let text = Bytes::from_static(br#"{"jsonrpc":"2.0","id":"a","method":"ping"}"#);
//! let message = Message::parse(text)?;
//! let relabelled = message.with_id(Id::from(7));
//! assert_eq!(&relabelled.to_bytes()[..], br#"{"jsonrpc":"2.0","id":7,"method":"ping"}"#);
//! # Ok::<(), mcp_jsonrpc::ParseError>(())
//! ```
//!
//! What is not here: I/O, clocks, typed structs, and every word of MCP. What a member *means* is the business of the
//! crates above; this one only knows where it stands.

mod batch;
mod compose;
mod cut;
mod error;
pub mod field;
mod id;
mod line;
mod message;
mod scan;
mod splice;

pub use batch::{BatchError, Incoming, join};
pub use compose::quote;
pub use cut::{cuts, without};
pub use error::{ParseError, Reason};
pub use field::FieldError;
pub use id::Id;
pub use line::{Line, Lines, Skipped};
pub use message::{Kind, Message};
pub use splice::Edit;

/// How deep objects and arrays may nest, the envelope included.
pub const MAX_DEPTH: usize = 128;
