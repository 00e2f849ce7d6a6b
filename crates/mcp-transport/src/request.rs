//! A request on its way to a server.

use std::{
    borrow::Cow,
    ops::Range,
    sync::{Arc, OnceLock},
};

use mcp_jsonrpc::{Kind, Message, field};
use mcp_protocol::{method, mirrored_place};

use crate::Caller;

/// A message that wants a response, and on whose behalf it is sent.
///
/// Cloning it costs a reference count: on its way to a server it passes many hands, and lies in the state of each.
#[derive(Clone, Debug)]
pub struct Request(Arc<Content>);

#[derive(Clone, Debug)]
struct Content {
    message: Message,
    caller: Arc<Caller>,
    /// The method, if the protocol has it: everybody on the way asks for it.
    known: Option<&'static str>,
    /// Where its text says what it is about; looked for once, by whoever asks first.
    subject: OnceLock<Option<Range<usize>>>,
}

impl Request {
    /// Takes `message` if it is a request; gives it back if it is not.
    ///
    /// # Errors
    ///
    /// The message itself, if it is a notification or a response.
    pub fn new(message: Message, caller: Arc<Caller>) -> Result<Self, Box<Message>> {
        if message.kind() != Kind::Request {
            return Err(Box::new(message));
        }
        let known = message.method().and_then(method::known);
        Ok(Self(Arc::new(Content { message, caller, known, subject: OnceLock::new() })))
    }

    /// The same request, if it is known already where its text says what it is about, as [`mcp_protocol::mirrored_place`] finds it.
    #[must_use]
    pub fn about(self, place: Option<Range<usize>>) -> Self {
        self.0.subject.get_or_init(|| place);
        self
    }

    /// The message.
    #[must_use]
    pub fn message(&self) -> &Message {
        &self.0.message
    }

    /// The method; never empty for a request that was parsed from a peer.
    #[must_use]
    pub fn method(&self) -> &str {
        self.0.known.or_else(|| self.0.message.method()).unwrap_or_default()
    }

    /// What it is about: its tool, prompt, resource or task. `None` if it names none, or not clearly.
    #[must_use]
    pub fn subject(&self) -> Option<Cow<'_, str>> {
        let message = self.message();
        let place = self.0.subject.get_or_init(|| mirrored_place(message).ok().flatten()).clone()?;
        field::unescape(std::str::from_utf8(message.text().get(place)?).ok()?)
    }

    /// On whose behalf it is sent.
    #[must_use]
    pub fn caller(&self) -> &Arc<Caller> {
        &self.0.caller
    }

    /// The same request with another text: what an edit on the way makes of it.
    #[must_use]
    pub fn with_message(mut self, message: Message) -> Self {
        debug_assert_eq!(message.kind(), Kind::Request, "an edit does not change what a message is");
        let content = Arc::make_mut(&mut self.0);
        content.known = message.method().and_then(method::known);
        content.subject = OnceLock::new();
        content.message = message;
        self
    }

    /// The same request on behalf of another caller: of the same one with other headers, for instance.
    #[must_use]
    pub fn with_caller(mut self, caller: Arc<Caller>) -> Self {
        Arc::make_mut(&mut self.0).caller = caller;
        self
    }

    /// Takes it apart.
    #[must_use]
    pub fn into_parts(self) -> (Message, Arc<Caller>) {
        let Content { message, caller, .. } = Arc::unwrap_or_clone(self.0);
        (message, caller)
    }
}
