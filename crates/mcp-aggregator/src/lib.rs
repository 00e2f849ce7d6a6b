//! Makes many named servers look like one connection.
//!
//! A [`Hub`] holds [`Member`]s and follows what each of them offers. Clients come in at a [`Place`] and see the part of the
//! servers that their [`Scope`] lets through: as a connection of their own, or as the one that clients without a session
//! share. Everything that servers say passes byte for byte; only names, ids of tasks, and URIs that two
//! servers have, are others.
//!
//! What is not here: how a server is reached and kept alive, who is calling, HTTP, and where rules and catalogues are kept.

mod arguments;
mod capabilities;
mod catalogue;
mod cursor;
mod definition;
mod digest;
mod face;
mod group;
mod hub;
mod instructions;
mod listing;
mod member;
mod naming;
mod object;
mod options;
mod pattern;
mod pin;
mod pinned_texts;
mod pinning;
mod retry;
mod rules;
mod scope;
mod task;
mod template;
mod uri;
mod view;

pub use group::{Grant, Group};
pub use hub::{Freshness, Hidden, Hub, HubItem, HubItems, HubStatus, Offered, Spoken};
pub use member::{Member, Unavailable};
pub use naming::{Exposed, MAX_NAME, Naming, NamingError};
pub use options::HubOptions;
pub use pattern::Pattern;
pub use retry::Retry;
pub use rules::{ItemRule, ParameterRule, Pin, Rules};
pub use scope::{NoScope, Place, Scope};
