//! Defines how any peer is reached and turns any duplex stream of messages into a connection.
//!
//! [`Transport`] is configuration plus [`connect`](Transport::connect); [`Connection`] is the live thing. A call goes in
//! as a [`Request`] and comes back as a [`Reply`], a stream that ends in one response: the shape of the modern era.
//! Pipes and the streams of the legacy era get that shape from [`Duplex`], which owns the ids on the wire.
//!
//! What is not here: processes, sockets, URLs, sessions, and the knowledge that there is more than one server.

mod budget;
mod caller;
mod closed;
mod connection;
mod credentials;
mod duplex;
mod error;
mod events;
mod handshake;
mod in_words;
mod kinds;
mod label;
mod memory;
mod notes;
mod peer;
mod questions;
mod reply;
mod request;
mod server_log;
mod store;
mod transport;
mod variable;

pub use budget::Budget;
pub use caller::{Caller, Client, Partition, Principal, Secret};
pub use closed::{CloseReason, Closed};
pub use connection::Connection;
pub use credentials::{Credentials, CredentialsError, Fixed};
pub use duplex::{Duplex, DuplexLimits, GHOST_LIFE, Lifeline, NoLifeline};
pub use error::{ConnectError, Lost, NotSent, SendError};
pub use events::{EventSender, Events, events};
pub use handshake::{Handshake, Introduced};
pub use in_words::in_words;
pub use kinds::{KindError, Kinds};
pub use label::{Label, Unlabelled};
pub use memory::{Memory, MemoryEnd};
pub use notes::NoteLimits;
pub use peer::Peer;
pub use questions::Questions;
pub use reply::{Reply, ReplySource};
pub use request::Request;
pub use server_log::{LogLimits, LogLine, LogSource, ServerLog};
pub use store::Store;
pub use transport::Transport;
pub use variable::{VariableError, check_variable};
