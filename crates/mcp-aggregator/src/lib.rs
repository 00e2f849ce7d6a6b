//! Makes many named servers look like one connection.
//!
//! What is not here: how a server is reached and kept alive, who is calling, HTTP, and where rules and catalogues are kept.

mod group;
mod naming;
mod pattern;
mod retry;
mod rules;

pub use group::{Grant, Group};
pub use naming::{Naming, NamingError};
pub use pattern::Pattern;
pub use retry::Retry;
pub use rules::{ItemRule, ParameterRule, Pin, Rules};
