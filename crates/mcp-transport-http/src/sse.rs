//! The codec of event streams (WHATWG HTML, server-sent events), for both sides: plain data, no I/O.

mod decode;
mod encode;

pub use decode::{Decoded, Decoder, Event};
pub(crate) use encode::append;
pub use encode::{Head, comment, endpoint, event, message, priming};
