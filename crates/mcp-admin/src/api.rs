//! What can be done, by topic.

mod applied;
mod board;
mod calls;
mod config;
mod events;
mod redact;
mod servers;
mod view;

pub(crate) use self::{
    board::Board, calls::Calls, calls::ROUTES as CALLS, config::ROUTES as CONFIG, events::ROUTES as EVENTS,
    servers::ROUTES as SERVERS,
};
