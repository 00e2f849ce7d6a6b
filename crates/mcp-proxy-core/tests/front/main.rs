//! The HTTP front, asked without a socket where none matters.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

mod client;
mod noted;
mod server;

mod answer;
mod batch;
mod breaker;
mod by_hand;
mod cancel;
mod dedicated;
mod dialect;
mod expiry;
mod guard;
mod interaction;
mod keys;
mod ladder;
mod listen;
mod logged;
mod metrics;
mod modern;
mod mount;
mod pair;
mod plain;
mod readiness;
mod repeated;
mod resume;
mod servers;
mod session;
mod sessions;
mod shutdown;
mod status;
mod tcp;
mod traffic;
mod variables;
