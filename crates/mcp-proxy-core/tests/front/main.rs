//! The HTTP front, asked without a socket where none matters.

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
