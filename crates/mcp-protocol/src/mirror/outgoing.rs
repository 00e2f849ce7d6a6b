//! The headers that go with a modern message.

use std::borrow::Cow;

use mcp_jsonrpc::Message;

use super::mirrored_name;
use crate::{Claim, header, sentinel};

/// The headers that must go with a modern message over HTTP, made from its body.
///
/// `Mcp-Param-*` are not among them; they need the schema of the tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorHeaders<'a> {
    version: Option<Cow<'a, str>>,
    method: Option<Cow<'a, str>>,
    name: Option<String>,
}

/// A message of which no headers can be made: what they would repeat stands twice in it, is malformed, or cannot stand in
/// a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the message cannot be repeated in headers: its version, method or name is ambiguous or not plain text")]
pub struct Unmirrorable;

impl<'a> MirrorHeaders<'a> {
    /// Makes the headers of a message.
    ///
    /// # Errors
    ///
    /// Fails if the body can be read in two ways, or if the version or the method holds what a header must not.
    pub fn of(message: &'a Message) -> Result<Self, Unmirrorable> {
        let claim = Claim::read(message).map_err(|_| Unmirrorable)?;
        let name = mirrored_name(message).map_err(|_| Unmirrorable)?;
        let headers = Self {
            version: claim.map(|claim| claim.version),
            method: message.method().map(Cow::Borrowed),
            name: name.map(|name| sentinel::encode(&name).into_owned()),
        };
        // Version and method have no encoding, so one that needed it must not travel.
        let fits = |value: &Option<Cow<'_, str>>| {
            value.as_ref().is_none_or(|value| matches!(sentinel::plain(value.as_bytes()), Ok(same) if same == value))
        };
        if fits(&headers.version) && fits(&headers.method) { Ok(headers) } else { Err(Unmirrorable) }
    }

    /// Names (in lower case) and values.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [
            self.version.as_deref().map(|version| (header::PROTOCOL_VERSION, version)),
            self.method.as_deref().map(|method| (header::METHOD, method)),
            self.name.as_deref().map(|name| (header::NAME, name)),
        ]
        .into_iter()
        .flatten()
    }
}
