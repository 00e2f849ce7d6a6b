//! Speaks MCP over HTTP on both sides: plain JSON, the HTTP+SSE pair of 2024-11-05, streamable HTTP of both eras.
//!
//! On the client side a [`Remote`] (a URL, an [`HttpClient`], credentials, limits) becomes a transport: [`StreamableHttp`],
//! [`Sse`], or [`Detect`] where it is not known which. [`server`] is the wire of
//! the side that is asked. [`sse`] is the codec of event streams that both sides use.
//!
//! ```
//! use mcp_transport_http::{Detect, HttpClient, Remote, ServerUrl};
//!
//! let url = ServerUrl::parse("https://example.com/mcp")?;
//! let transport = Detect::new(Remote::new(url, HttpClient::default()));
//! # Ok::<(), mcp_transport_http::UrlError>(())
//! ```
//!
//! What is not here: sessions, limits on callers, and the decision which status an error becomes.

mod client;
pub mod server;
pub mod sse;

pub use client::{
    Detect, HttpClient, HttpError, HttpLimits, HttpSettings, ProxySettings, Remote, ServerUrl, Sse, StreamableHttp,
    UrlError,
};
