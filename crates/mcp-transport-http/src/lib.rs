//! Speaks MCP over HTTP on both sides: plain JSON, the HTTP+SSE pair of 2024-11-05, streamable HTTP of both eras.
//!
//! [`sse`] is the codec of event streams that both sides use.
//!
//! What is not here: sessions, limits on callers, and the decision which status an error becomes.

pub mod sse;
