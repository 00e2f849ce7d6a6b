//! Lets a client of one era use a server of the other, interaction included.
//!
//! [`FindEra`] finds out in which era a server is to be spoken to, and opens connections that are ready in it. A legacy
//! server asks its client in the middle of a call, and a client that cannot be asked there is told to come back with
//! the answers: [`ParkedCall`] is that call, and [`Parking`] keeps it until then, behind a sealed token. [`AsModern`] is a
//! legacy server as modern clients see it, and does all that for them. [`AsLegacy`] is a modern server, which remembers
//! nothing and asks by its results, as a legacy client expects it.
//!
//! ```
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), mcp_transport::ConnectError> {
//! use std::sync::Arc;
//!
//! use futures::StreamExt;
//! use mcp_eras::FindEra;
//! use mcp_jsonrpc::Message;
//! use mcp_protocol::{Era, Revision};
//! use mcp_transport::{Caller, Client, Connection, Memory, Transport};
//!
//! let server = Memory::new(|mut end| async move {
//!     let result = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{}}}"#;
//!     while let Some(request) = end.next().await {
//!         end.send(Message::response(&request.id().expect("a request"), result)).await;
//!     }
//! });
//! let us = Client { info: r#"{"name":"proxy","version":"1"}"#.into(), capabilities: "{}".into() };
//! let server = FindEra::new(Arc::new(server), Arc::new(us));
//! let connection = server.connect(&Caller::proxy(Revision::LATEST)).await?;
//! assert_eq!(server.era(), Some(Era::Modern));
//! assert_eq!(connection.peer().capabilities(), r#"{"tools":{}}"#);
//! # Ok(())
//! # }
//! ```
//!
//! What is not here: the wire rules of a transport. Over HTTP, which of its two forms a URL speaks is the HTTP
//! transport's question; this one comes after it. Neither is how a client is told that a call waits: a status or a
//! result says so in the front.

mod as_legacy;
mod as_modern;
mod evidence;
mod find_era;
mod parking;
mod refusal;
mod verdict;

pub use as_legacy::AsLegacy;
pub use as_modern::AsModern;
pub use find_era::FindEra;
pub use parking::{
    AnswerError, ParkError, ParkedCall, Parking, ParkingLimits, Purpose, Question, ResumeError, Resumed, Room,
    SealError, Step, Token, WrapError,
};
