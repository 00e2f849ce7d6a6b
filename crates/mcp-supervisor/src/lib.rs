//! Keeps a server alive: starts it on demand, restarts it with backoff, stops it when idle, leases spare instances, and tells its state.
//!
//! [`Supervised`] is a connection that outlives the connections behind it: it opens one when it is needed, another when
//! that one has ended, and none while nobody needs one, as [`Supervision`] says. [`Leases`] keeps a few instances of the
//! same server for calls that must run alone.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::{sync::Arc, time::Duration};
//!
//! use futures::StreamExt;
//! use mcp_jsonrpc::{Id, Message};
//! use mcp_protocol::Revision;
//! use mcp_supervisor::{State, Supervised, Supervision};
//! use mcp_transport::{Caller, Connection, Memory, Request};
//!
//! // A server that answers once and leaves.
//! let server = Memory::new(|mut end| async move {
//!     if let Some(request) = end.next().await {
//!         end.send(Message::response(&request.id().expect("a request"), r#""pong""#)).await;
//!     }
//! });
//! let caller = Caller::proxy(Revision::LATEST_LEGACY);
//! let settings = Supervision { idle: Some(Duration::from_secs(300)), ..Supervision::default() };
//! let supervised = Supervised::with(Arc::new(server), Arc::clone(&caller), settings);
//! let mut state = supervised.state();
//! assert_eq!(state.borrow().state, State::Stopped);
//!
//! let question = Message::request(&Id::from(1), "example/ask", None);
//! let reply = supervised.call(Request::new(question, caller).expect("a request")).await?;
//! assert_eq!(reply.response().await?.result(), Some(r#""pong""#));
//!
//! // It is started again, and stopped when nobody has used it for five minutes.
//! let shown = state.wait_for(|status| status.state == State::Restarting).await?.clone();
//! assert_eq!(&*shown.error.expect("it has left").reason, "the server has closed the connection");
//! state.wait_for(|status| status.state == State::Running).await?;
//! state.wait_for(|status| status.state == State::Stopped).await?;
//! supervised.close().await;
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: what happens on every connect (a handshake, finding the era). That is in the transport that is
//! supervised, and the supervisor knows none of it.

mod backoff;
mod board;
mod by_hand;
mod course;
mod idle;
mod label;
mod lease;
mod leases;
mod life;
mod lineage;
mod phase;
mod policy;
mod relay;
mod reply;
mod settings;
mod shared;
mod state;
mod supervised;

#[cfg(test)]
mod scripted;

pub use by_hand::StoppedByHand;
pub use idle::Awake;
pub use lease::Lease;
pub use leases::{LeaseLimits, Leases};
pub use settings::Supervision;
pub use state::{Failure, State, Status};
pub use supervised::Supervised;
