//! What can be done, by topic.

mod applied;
mod board;
mod calls;
mod config;
mod events;
mod groups;
mod keys;
mod log;
mod redact;
mod servers;
mod sessions;
mod tools;
mod view;

pub(crate) use self::{
    board::Board, calls::Calls, calls::ROUTES as CALLS, config::ROUTES as CONFIG, events::ROUTES as EVENTS,
    groups::ROUTES as GROUPS, keys::ROUTES as KEYS, log::ROUTES as LOG, servers::ROUTES as SERVERS,
    sessions::ROUTES as SESSIONS, tools::ROUTES as TOOLS,
};
