//! A hub against servers whose every word is said by the test. Time is paused.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

mod client;
mod server;

mod calls;
mod control;
mod crowd;
mod dedicated;
mod items;
mod leave;
mod lists;
mod modern;
mod resources;
mod standing;
mod tasks;
mod waiting;
