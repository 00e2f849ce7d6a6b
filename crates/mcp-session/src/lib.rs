//! Keeps the sessions of the legacy era: id → owner, state, expiry, limits, replay.
//!
//! ```
//! use std::time::Instant;
//!
//! use mcp_protocol::Revision;
//! use mcp_session::{Registry, SessionLimits};
//! use mcp_transport::Principal;
//!
//! let registry = Registry::new(SessionLimits::default());
//! let open = registry.create(Principal::Anonymous, Revision::V2025_11_25, Instant::now(), |_id| "what serves it")?;
//! open.mark_initialized();
//!
//! let found = registry.lookup(open.id().expose(), &Principal::Anonymous).expect("it is open");
//! let call = found.begin_call(); // while this lives, the session is not idle
//! assert_eq!(**found.live(), "what serves it");
//! drop(call);
//!
//! assert!(registry.lookup(open.id().expose(), &Principal::Named("somebody".into())).is_none());
//! for ended in registry.sweep(Instant::now()) {
//!     println!("{} is over: {}", ended.id, ended.reason); // and here `ended.live` is closed
//! }
//! # Ok::<(), mcp_session::CreateError>(())
//! ```
//!
//! What is not here: connections, streams, HTTP and its statuses, clocks and tasks.

mod id;
mod lifetime;
mod limits;
mod lock;
mod open;
mod registry;
mod replay;
mod session;
mod subscriptions;
mod tally;

pub use id::SessionId;
pub use limits::{ReplayLimits, SessionLimits};
pub use open::{InUse, OpenSession};
pub use registry::{CreateError, EndReason, Ended, Listed, Registry};
pub use replay::{Event, EventId, Replay, ReplayPool, Resume, StreamId};
pub use session::Session;
pub use subscriptions::{Subscriptions, TooManySubscriptions};
