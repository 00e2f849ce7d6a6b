//! Serves state and configuration over HTTP.
//!
//! [`Control`] is a service to be mounted at `api`:
//!
//! | path | what |
//! |---|---|
//! | `GET /api/servers` | what all servers do: JSON, or an event stream if `Accept` names one |
//! | `GET /api/servers/NAME` | the same of one server |
//! | `POST /api/servers/NAME/start`, `stop`, `restart` | by hand |
//! | `PUT`, `DELETE /api/servers/NAME` | changes the configuration of one server |
//! | `GET`, `POST /api/config` | the configuration of all |
//!
//! [`Metrics`] is another, to be mounted at `metrics`: `GET /metrics` is what the proxy counts, as OpenMetrics.
//!
//! ```
//! use mcp_control::{Control, Metrics};
//! use mcp_proxy_core::{Proxy, transport::Memory};
//!
//! let server = Memory::new(|_end| async { /* your server, in this process */ });
//! let proxy = Proxy::builder().server("lab", server).mount("api", Control::new()).mount("metrics", Metrics).build()?;
//! # drop(proxy);
//! # Ok::<(), mcp_proxy_core::BuildError>(())
//! ```
//!
//! What is not here: who may call, which the proxy decides before, and what a configuration means.

mod answer;
mod board;
mod hub;
mod metrics;
mod service;
mod shape;
mod watching;

pub use metrics::Metrics;
pub use service::{Control, Writes};
