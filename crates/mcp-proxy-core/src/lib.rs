//! Assembles the parts into a proxy you can embed.
//!
//! ```
//! use mcp_proxy_core::{Proxy, transport::Memory};
//!
//! let server = Memory::new(|_end| async { /* your server, in this process */ });
//! let proxy = Proxy::builder().server("lab", server).build()?;
//! let _service = proxy.endpoint(); // a hyper service, and a tower one with the feature `tower`
//! # Ok::<(), mcp_proxy_core::BuildError>(())
//! ```
//!
//! What is not here: reading files, arguments or the environment, printing, and choosing an allocator or a subscriber;
//! all of that is the embedding program's.

mod builder;
mod connections;
mod endpoint;
mod front;
#[cfg(feature = "hub")]
mod hub;
mod lane;
mod layers;
mod limits;
mod metrics;
mod mount;
mod options;
mod proxy;
mod rescue;
mod run;
mod server;
mod servers;
mod share;
mod ticker;
mod timestamp;
#[cfg(feature = "tls")]
mod tls;
mod tool_headers;
mod traffic;

pub use builder::{BuildError, Builder};
pub use endpoint::{Endpoint, ResponseBody};
pub use front::SessionInfo;
pub use layers::{BreakerOptions, Health};
pub use limits::Limits;
/// Which servers and tools clients see, and under which names.
#[cfg(feature = "hub")]
pub use mcp_aggregator as aggregator;
#[cfg(feature = "hub")]
pub use mcp_aggregator::HubOptions;
/// Who may use the proxy, and what a request may set.
pub use mcp_auth as auth;
/// Messages, as servers and transports of your own see them.
pub use mcp_jsonrpc as jsonrpc;
/// The words of the protocol, for callers and eras.
pub use mcp_protocol as protocol;
/// When servers are restarted and stopped, and what they do.
pub use mcp_supervisor::{Failure, State as ServerState, Supervision};
/// How servers are reached; what a transport of your own is written with.
pub use mcp_transport as transport;
/// Servers behind HTTP.
#[cfg(feature = "http")]
pub use mcp_transport_http as remote;
pub use mcp_transport_http::server::Allowed;
/// Servers that are child processes.
#[cfg(feature = "stdio")]
pub use mcp_transport_stdio as stdio;
pub use mount::{Service, ServiceBody};
pub use options::{Dialect, Interaction, ServerOptions, Sharing};
pub use proxy::{Proxy, ReachError};
pub use server::{ServerCalls, ServerStatus};
pub use servers::{RESERVED_NAMES, Slot};
pub use timestamp::iso;
#[cfg(feature = "tls")]
pub use tls::{Tls, TlsError};
pub use traffic::{CallOutcome, Direction, Exchange, Exchanged, Traffic, TrafficCall, TrafficLimits};
