//! What can be done, by topic.

mod applied;
mod board;
mod calls;
mod config;
mod events;
mod installs;
mod packages;
mod redact;
mod servers;
mod terminals;
mod view;

pub(crate) use self::{
    board::Board, calls::Calls, calls::ROUTES as CALLS, config::ROUTES as CONFIG, events::ROUTES as EVENTS,
    installs::ROUTES as INSTALLS, packages::ROUTES as PACKAGES, servers::ROUTES as SERVERS,
    terminals::ROUTES as TERMINALS,
};
