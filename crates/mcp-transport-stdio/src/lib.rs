//! Runs a child process, or this process's own stdin and stdout, as a connection.
//!
//! ```no_run
//! use mcp_transport::{Caller, Transport};
//! use mcp_transport_stdio::StdioServer;
//!
//! # async fn example() -> Result<(), mcp_transport::ConnectError> {
//! let server = StdioServer::new("npx").args(["-y", "@modelcontextprotocol/server-everything", "stdio"]);
//! let connection = server.connect(&Caller::proxy(mcp_protocol::Revision::LATEST_LEGACY)).await?;
//! connection.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Nothing survives us
//!
//! A child leads a process group of its own, and the group ends as a whole: when the connection is closed or dropped,
//! when the child ends by itself, when the runtime stops, and when this process is killed. For the last case two things
//! stand ready. On Linux the kernel kills a child whose parent has died. And on every Unix a small watchdog process,
//! `/bin/sh` with a script of ours, holds a pipe to us and kills the groups that are still registered when it closes;
//! it also reaches grandchildren, as in npx → sh → node. A process that leaves the group (`setsid`) leaves our reach.
//!
//! A child's environment is a short list of inherited variables plus what the configuration says; see [`INHERITED`].
//!
//! Unix is supported and Linux is what the tests run on. Elsewhere only the process itself is ended, not what it started.
//!
//! What is not here: the handshake, restarts, and when to start or stop a child at all.

mod capture;
mod environment;
mod hint;
mod lifeline;
mod limit;
mod output;
mod own;
mod owned;
mod server;
mod spawner;
mod sys;
#[cfg(unix)]
mod watchdog;

pub use environment::{INHERITED, INHERITED_FAMILIES};
pub use lifeline::StopTiming;
pub use limit::ChildLimit;
pub use own::{OwnInput, OwnOutput, own};
pub use server::StdioServer;
