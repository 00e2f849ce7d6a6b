//! Offers a server's tools, resources and prompts as REST and writes the OpenAPI document.
//!
//! ```
//! use bytes::Bytes;
//! use http::Method;
//! use mcp_jsonrpc::{Id, Message};
//! use mcp_openapi::{Action, Along, Route, answer, request};
//! use mcp_protocol::method;
//!
//! let found = Route::find(&Method::POST, "/api/mcp/my%20server/tools/echo/execute")?;
//! let Route::Server { server, action: Action::Call { tool } } = found else { panic!("it is a call of a tool") };
//! assert_eq!((server.as_str(), tool.as_str()), ("my server", "echo"));
//!
//! let body = Bytes::from_static(br#"{"message": "hi"}"#);
//! let params = request::named(&tool, request::arguments(&body)?, &Along::default());
//! let asked = Message::request(&Id::from(1), method::TOOLS_CALL, Some(&params));
//! assert_eq!(asked.params(), Some(r#"{"name":"echo","arguments":{"message": "hi"}}"#));
//!
//! let refused = Message::error_response(asked.id().as_ref(), -32602, "no such tool", None);
//! let body = answer::rpc_error("Tool not found", refused.error().unwrap_or_default());
//! assert_eq!(body, r#"{"error":"Tool not found","message":"no such tool","code":-32602}"#);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What is not here: I/O, tasks, clocks, connections, and the statuses of errors. This crate says what a request is about
//! and what is wrong with it; the core decides what it is told.

pub mod answer;
mod body;
mod docs_page;
mod events;
mod input;
mod object;
mod openapi;
mod prefer;
mod query;
mod raw_content;
pub mod request;
mod route;
pub mod segment;
mod short_answer;

pub use body::BadBody;
pub use docs_page::{DOCS_POLICY, DocsFile};
pub use events::Event;
pub use input::{Asked, BadAnswer, InputAnswers, input_required};
pub use openapi::{Document, ServerTools, ShortDocument};
pub use prefer::Prefer;
pub use query::{BadQuery, Parameters};
pub use raw_content::RawContent;
pub use request::Along;
pub use route::{Action, NoRoute, Route};
pub use short_answer::short_answer;
