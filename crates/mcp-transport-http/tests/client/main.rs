//! The client side against servers that say exactly what a test has them say.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what breaks here fails its test")]

mod call;
mod cancel;
mod detect;
mod fake;
mod pair;
mod proxy;
mod refusal;
mod resume;
mod session;
#[cfg(feature = "tls")]
mod tls;
