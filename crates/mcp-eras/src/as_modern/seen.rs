//! What is known of the server, in the words of the modern era.

use std::sync::Arc;

use mcp_jsonrpc::{field, without};
use mcp_protocol::{
    CacheHints, DiscoverAnswer, InitializeResult, Revision, ServerCapabilities, ServerCapability, meta,
};
use mcp_transport::Peer;
use serde_json::value::RawValue;

/// Who answers, by its handshake.
#[derive(Debug)]
pub(super) struct Seen {
    legacy: Arc<Peer>,
    modern: Arc<Peer>,
    can: ServerCapabilities,
    info: Option<Box<str>>,
}

impl Seen {
    pub(super) fn new(legacy: Arc<Peer>) -> Self {
        let capabilities = without_tasks(legacy.capabilities());
        let result = InitializeResult::read(&legacy.handshake).ok();
        let info = result.as_ref().map(|result| result.server_info.get());
        let handshake = DiscoverAnswer {
            supported: &[Revision::LATEST],
            capabilities: &capabilities,
            server_info: info,
            instructions: result.as_ref().and_then(|result| result.instructions).map(RawValue::get),
            cache: CacheHints::NONE,
        }
        .write();
        let modern = Arc::new(Peer { revision: Revision::LATEST, handshake: handshake.into() });
        let can = ServerCapabilities::read(&capabilities).unwrap_or_default();
        Self { info: info.map(Box::from), modern, can, legacy }
    }

    /// Whether this is what `peer` says of itself.
    pub(super) fn is_of(&self, peer: &Arc<Peer>) -> bool {
        Arc::ptr_eq(&self.legacy, peer) || self.legacy == *peer
    }

    /// The same server for clients of the modern era; the handshake is its answer to `server/discover`.
    pub(super) fn modern(&self) -> &Arc<Peer> {
        &self.modern
    }

    pub(super) fn can(&self) -> ServerCapabilities {
        self.can
    }

    /// JSON text of who the server is.
    pub(super) fn info(&self) -> Option<&str> {
        self.info.as_deref()
    }
}

/// Capabilities (JSON text) without tasks of either kind, which do not cross from one era to the other. Whatever else is
/// declared stays, known here or not.
fn without_tasks(capabilities: &str) -> String {
    let is_tasks = |name: &str| ServerCapability::CoreTasks.path() == [name];
    let mut left = without(capabilities, is_tasks).unwrap_or_else(|_| "{}".to_owned());
    let [extensions, _] = ServerCapability::TasksExtension.path() else { return left };
    if let Ok(Some(at)) = field::find(&left, &[extensions])
        && let Ok(others) = without(&left[at.clone()], |name| name == meta::TASKS_EXTENSION)
    {
        left.replace_range(at, &others);
    }
    left
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_tasks_are_left_out() {
        let check = |all: &str, left: &str| assert_eq!(without_tasks(all), left);
        check(
            r#"{"tools":{"listChanged":true},"tasks":{"list":{}},"experimental":{"x":{}},"vendor":1}"#,
            r#"{"tools":{"listChanged":true},"experimental":{"x":{}},"vendor":1}"#,
        );
        check(
            r#"{"extensions":{"io.modelcontextprotocol/tasks":{},"io.modelcontextprotocol/ui":{}}}"#,
            r#"{"extensions":{"io.modelcontextprotocol/ui":{}}}"#,
        );
    }

    #[test]
    fn a_server_that_has_said_nothing_can_do_nothing() {
        let seen = Seen::new(Arc::new(Peer::unknown()));
        assert_eq!(seen.modern().capabilities(), "{}");
        assert_eq!(seen.info(), None);
        assert_eq!(seen.can(), ServerCapabilities::default());
    }
}
