//! The server side of the wire: from a request to what it asks or a narrow [`Refusal`], and from messages to a body.
//!
//! Whoever serves checks every request with a [`Guard`] first, reads its head with [`RequestHead`] and its body with
//! [`read_body`], and answers with an [`Answer`]. Connections are wrapped in a [`StallGuard`]. Which status a refusal becomes,
//! and what a session is, is not known here.

mod accept;
mod answer;
mod authority;
mod body;
mod cors;
mod events;
mod guard;
mod head;
mod refusal;
mod stall;

pub use accept::Accept;
pub use answer::Answer;
pub use body::{BodyLimits, read_body};
pub use cors::Pass;
pub use events::{EventStream, Frame};
pub use guard::{Allowed, Guard, GuardError};
pub use head::RequestHead;
pub use refusal::Refusal;
pub use stall::StallGuard;
