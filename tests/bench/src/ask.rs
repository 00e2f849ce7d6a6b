//! What an echo server reads of a message.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

/// A message, with the few members that matter; everything is borrowed from its text.
#[derive(Debug, Deserialize)]
pub(crate) struct Ask<'a> {
    #[serde(borrow)]
    pub(crate) id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub(crate) method: Cow<'a, str>,
    #[serde(borrow, default)]
    pub(crate) params: Params<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Params<'a> {
    #[serde(borrow, default)]
    pub(crate) arguments: Arguments<'a>,
    #[serde(borrow, default, rename = "_meta")]
    pub(crate) meta: Meta<'a>,
    #[serde(borrow, rename = "protocolVersion")]
    pub(crate) version: Option<&'a RawValue>,
}

/// What a caller of a tool can ask for; what is not given is as the server was started.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Arguments<'a> {
    #[serde(borrow)]
    pub(crate) text: Option<&'a RawValue>,
    /// Bytes that are added to the text.
    pub(crate) size: Option<usize>,
    /// Whether those bytes are JSON inside of text, which is full of escapes.
    pub(crate) escaped: Option<bool>,
    /// Progress notes before the answer, for a caller with a token.
    pub(crate) notes: Option<u32>,
    #[serde(rename = "delayMs")]
    pub(crate) delay_ms: Option<u64>,
    /// Notifications per second from now on, which belong to no call; 0 ends that.
    pub(crate) flood: Option<u32>,
}

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Meta<'a> {
    #[serde(borrow, rename = "progressToken")]
    pub(crate) token: Option<&'a RawValue>,
}
