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
//! ```
//! use mcp_control::Control;
//! use mcp_proxy_core::{Proxy, transport::Memory};
//!
//! let server = Memory::new(|_end| async { /* your server, in this process */ });
//! let proxy = Proxy::builder().server("lab", server).mount("api", Control::new()).build()?;
//! # drop(proxy);
//! # Ok::<(), mcp_proxy_core::BuildError>(())
//! ```
//!
//! What is not here: who may call, which the proxy decides before, and what a configuration means.

mod answer;
mod board;
mod service;
mod shape;
mod watching;

pub use service::{Control, Writes};
