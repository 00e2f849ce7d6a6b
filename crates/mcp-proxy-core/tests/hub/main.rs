//! Many servers as one, asked without a socket.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

#[allow(dead_code, reason = "shared with the tests of the other fronts")]
#[path = "../front/client.rs"]
mod client;
#[allow(dead_code, reason = "shared with the tests of the other fronts")]
#[path = "../front/noted.rs"]
mod noted;
#[allow(dead_code, reason = "shared with the tests of the other fronts")]
#[path = "../front/server.rs"]
mod server;

mod changes;
mod fleet;
mod granted;
mod paths;
mod repeated;
mod streams;
mod traffic;
