//! What the two sides can do.

mod client;
mod server;

pub use self::{
    client::{ClientCapabilities, ClientCapability},
    server::{ServerCapabilities, ServerCapability},
};
use super::{ShapeError, member};

/// Whether capabilities (JSON text) declare what stands at `path`: with anything but `null` and `false`.
fn declares(shape: &'static str, raw: &str, path: &[&str]) -> Result<bool, ShapeError> {
    if !raw.trim_ascii_start().starts_with('{') {
        return Err(ShapeError::Rule { shape, rule: "they must be an object" });
    }
    Ok(member(shape, raw, path)?.is_some_and(|value| value != "null" && value != "false"))
}
