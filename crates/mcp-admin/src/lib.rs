//! Lets a person run a hub from a browser.
//!
//! [`Admin`] serves, on a listener of its own: the pages, and the interface that they use, `/api/v1`, which is described at
//! `/api/v1/openapi.json`. Whoever is logged in may do everything that the configuration file can, which includes starting
//! programs; so nothing is answered before a password was given, to a page of ours, under a name of ours.
//!
//! One table, `routes.rs`, says what can be done and what it takes; each topic under `api` has its part of it.
//!
//! What is not here: what a configuration means, printing, and the TLS in front.

#![expect(clippy::unused_async, reason = "all handlers have one form, whether they wait or not")]

mod admin;
mod answer;
mod api;
mod ask;
mod assets;
mod audit;
mod environment;
mod events;
mod hex;
mod installs;
mod listen;
mod login;
mod offspring;
mod openapi;
mod options;
mod packages;
mod route;
mod routes;
mod serve;
mod site;
mod state;
mod terminals;
#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "a test looks at an answer as a tree")]
mod tests;

pub use admin::{Admin, AdminError};
pub use options::AdminOptions;
