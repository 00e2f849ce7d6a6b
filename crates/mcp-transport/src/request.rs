//! A request on its way to a server.

use std::sync::Arc;

use mcp_jsonrpc::{Kind, Message};

use crate::Caller;

/// A message that wants a response, and on whose behalf it is sent.
#[derive(Clone, Debug)]
pub struct Request {
    message: Message,
    caller: Arc<Caller>,
}

impl Request {
    /// Takes `message` if it is a request; gives it back if it is not.
    ///
    /// # Errors
    ///
    /// The message itself, if it is a notification or a response.
    pub fn new(message: Message, caller: Arc<Caller>) -> Result<Self, Box<Message>> {
        if message.kind() == Kind::Request { Ok(Self { message, caller }) } else { Err(Box::new(message)) }
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.message
    }

    /// The method; never empty for a request that was parsed from a peer.
    #[must_use]
    pub fn method(&self) -> &str {
        self.message.method().unwrap_or_default()
    }

    /// On whose behalf it is sent.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    /// The same request with another text: what an edit on the way makes of it.
    #[must_use]
    pub fn with_message(self, message: Message) -> Self {
        debug_assert_eq!(message.kind(), Kind::Request, "an edit does not change what a message is");
        Self { message, ..self }
    }

    /// The same request on behalf of another caller: of the same one with other headers, for instance.
    #[must_use]
    pub fn with_caller(self, caller: Arc<Caller>) -> Self {
        Self { caller, ..self }
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_parts(self) -> (Message, Arc<Caller>) {
        (self.message, self.caller)
    }
}
