//! The HTTP front, asked without a socket where none matters.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

mod client;
mod server;

mod answer;
mod batch;
mod cancel;
mod dedicated;
mod expiry;
mod guard;
mod ladder;
mod listen;
mod modern;
mod pair;
mod plain;
mod resume;
mod session;
mod shutdown;
mod tcp;
