//! Speaks MCP over HTTP on both sides: plain JSON, the HTTP+SSE pair of 2024-11-05, streamable HTTP of both eras.
//!
//! On the client side a [`Remote`] (a URL, an [`HttpClient`], credentials, limits) becomes a transport: [`StreamableHttp`],
//! [`Sse`], or [`Detect`] where it is not known which. [`sse`] is the codec of event streams that both sides use.
//!
//! What is not here: sessions, limits on callers, and the decision which status an error becomes.

mod client;
pub mod sse;

pub use client::{
    Detect, HttpClient, HttpError, HttpLimits, HttpSettings, ProxySettings, Remote, ServerUrl, Sse, StreamableHttp,
    UrlError,
};
