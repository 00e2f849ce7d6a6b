//! Makes many named servers look like one connection.
//!
//! What is not here: how a server is reached and kept alive, who is calling, HTTP, and where rules and catalogues are kept.

mod arguments;
mod capabilities;
mod cursor;
mod definition;
mod digest;
mod group;
mod instructions;
mod naming;
mod object;
mod pattern;
mod pin;
mod retry;
mod rules;
mod template;
mod uri;

pub use group::{Grant, Group};
pub use naming::{Exposed, MAX_NAME, Naming, NamingError};
pub use pattern::Pattern;
pub use retry::Retry;
pub use rules::{ItemRule, ParameterRule, Pin, Rules};
