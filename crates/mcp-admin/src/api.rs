//! What can be done, by topic.

mod applied;
mod board;
mod calls;
mod config;
mod events;
mod groups;
mod installs;
mod keys;
mod log;
mod packages;
mod redact;
mod servers;
mod sessions;
mod terminals;
mod tools;
mod traffic;
mod view;

pub(crate) use self::{
    board::Board, calls::Calls, calls::ROUTES as CALLS, config::ROUTES as CONFIG, events::ROUTES as EVENTS,
    groups::ROUTES as GROUPS, installs::ROUTES as INSTALLS, keys::ROUTES as KEYS, log::ROUTES as LOG,
    packages::ROUTES as PACKAGES, servers::ROUTES as SERVERS, sessions::ROUTES as SESSIONS,
    terminals::ROUTES as TERMINALS, tools::ROUTES as TOOLS, traffic::ROUTES as TRAFFIC,
};
