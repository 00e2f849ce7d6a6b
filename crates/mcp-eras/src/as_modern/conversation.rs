//! One conversation with the server, for one request of a client.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use futures::FutureExt;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{LogLevel, Revision, ServerCapability, header, method, set_level_params};
use mcp_transport::{Caller, Client, ConnectError, Connection, NotSent, Reply, Request, Transport};
use tokio::{runtime::Handle, time::timeout};

use super::{attended::Attended, seen::Seen};
use crate::ParkedCall;

/// A conversation that is closed when it is dropped.
#[derive(Debug)]
pub(super) struct Conversation {
    connection: Arc<dyn Connection>,
    caller: Arc<Caller>,
    /// The same as if it could be asked everything: what it cannot be asked is refused by us, in the words of its era.
    askable: Arc<Caller>,
    seen: Arc<Seen>,
    leave: Leave,
}

/// Closes a connection when it is dropped.
#[derive(Debug)]
struct Leave(Arc<dyn Connection>);

/// How long a server may take to note a log level; it is no reason to fail a call.
const LEVEL_WAIT: Duration = Duration::from_secs(5);

/// All that a client of the legacy era may be asked during a call.
static EVERYTHING: LazyLock<Arc<str>> =
    LazyLock::new(|| r#"{"roots":{},"sampling":{"tools":{},"context":{}},"elicitation":{"form":{},"url":{}}}"#.into());

/// Who a client is that has not said so: the handshake needs a name.
const NAMELESS: &str = r#"{"name":"client","version":"0"}"#;

impl Conversation {
    /// Opens one on behalf of `caller`, who is modern. `last` is what was known of the server before.
    pub(super) async fn open(
        legacy: &dyn Transport,
        caller: &Caller,
        last: Option<&Arc<Seen>>,
    ) -> Result<Self, ConnectError> {
        let caller = Arc::new(legacy_caller(caller));
        let connection = legacy.connect(&caller).await?;
        let leave = Leave(Arc::clone(&connection));
        let peer = connection.peer();
        let seen = match last.filter(|seen| seen.is_of(&peer)) {
            Some(seen) => Arc::clone(seen),
            None => Arc::new(Seen::new(peer)),
        };
        let askable = Arc::new(askable(&caller));
        Ok(Self { connection, caller, askable, seen, leave })
    }

    pub(super) fn connection(&self) -> &Arc<dyn Connection> {
        &self.connection
    }

    pub(super) fn caller(&self) -> &Arc<Caller> {
        &self.caller
    }

    pub(super) fn seen(&self) -> &Arc<Seen> {
        &self.seen
    }

    /// Asks for logs from `level` on, if the server has any.
    pub(super) async fn set_level(&self, level: LogLevel) {
        if self.seen.can().has(ServerCapability::Logging) {
            set_level(&self.connection, &self.caller, level).await;
        }
    }

    /// Sends the one request that the conversation is for. It ends with the call.
    pub(super) async fn call(self, message: Message) -> Result<ParkedCall, NotSent> {
        let Ok(request) = Request::new(message, Arc::clone(&self.askable)) else {
            return Err(NotSent::Unroutable("this is no request".to_owned()));
        };
        let events = self.connection.events();
        let reply = self.connection.call(request).await.map_err(|error| error.reason)?;
        let Self { connection, caller, leave, .. } = self;
        let reply = match events {
            Some(events) => Reply::new(Attended::new(reply, events, Arc::clone(&connection), Arc::clone(&caller))),
            None => reply,
        };
        Ok(ParkedCall::begin(reply.holding(leave), connection, caller))
    }
}

/// Asks the server for logs from `level` on, and waits until it has noted that, for a short time.
pub(super) async fn set_level(connection: &Arc<dyn Connection>, caller: &Arc<Caller>, level: LogLevel) {
    let message = Message::request(&Id::from(0), method::LOGGING_SET_LEVEL, Some(&set_level_params(level)));
    let Ok(request) = Request::new(message, Arc::clone(caller)) else { return };
    let noted = async { connection.call(request).await.ok()?.response().await.ok() };
    // A server that refuses logs as it likes, and what is not wanted is left out on the way.
    let _ = timeout(LEVEL_WAIT, noted).await;
}

/// The caller as one that can be asked everything, if it has said anything of itself at all.
fn askable(caller: &Caller) -> Caller {
    let client = caller.client.as_ref();
    let client = client.map(|client| Arc::new(Client { capabilities: Arc::clone(&EVERYTHING), ..(**client).clone() }));
    Caller { client, ..caller.clone() }
}

/// The caller as a client of the legacy era: no session, and no headers that repeat arguments.
fn legacy_caller(modern: &Caller) -> Caller {
    let mut caller = Caller { revision: Revision::LATEST_LEGACY, session: None, ..modern.clone() };
    let mirrored = caller.headers.keys().filter(|name| name.as_str().starts_with(header::PARAM_PREFIX));
    let mirrored: Vec<_> = mirrored.cloned().collect();
    for name in mirrored {
        caller.headers.remove(name);
    }
    if let Some(client) = caller.client.as_ref().filter(|client| client.info.trim() == "{}") {
        let capabilities = client.capabilities.clone();
        caller.client = Some(Arc::new(Client { info: NAMELESS.into(), capabilities }));
    }
    caller
}

impl Drop for Leave {
    fn drop(&mut self) {
        // Once polled, closing goes on in the background; outside of a runtime there is nothing left to close.
        if Handle::try_current().is_ok() {
            let _ = self.0.close().now_or_never();
        }
    }
}

#[cfg(test)]
mod tests {
    use mcp_transport::Principal;

    use super::*;

    #[test]
    fn a_modern_caller_becomes_a_legacy_one_with_the_same_name_and_rights() {
        let mut modern = Caller::new(Principal::Named("ann".into()), Revision::LATEST);
        modern.session = Some("s".into());
        modern.headers.insert("x-token", "t".parse().unwrap());
        modern.headers.insert("mcp-param-region", "eu".parse().unwrap());
        let client = |info: &str| Some(Arc::new(Client { info: info.into(), capabilities: r#"{"roots":{}}"#.into() }));
        modern.client = client(r#"{"name":"c"}"#);

        let legacy = legacy_caller(&modern);
        assert_eq!((legacy.revision, &legacy.session), (Revision::LATEST_LEGACY, &None));
        assert_eq!(legacy.principal, modern.principal);
        assert!(legacy.headers.contains_key("x-token") && legacy.headers.len() == 1);
        assert_eq!(&*legacy.client.unwrap().info, r#"{"name":"c"}"#);

        modern.client = client("{}");
        let nameless = legacy_caller(&modern).client.unwrap();
        assert_eq!((&*nameless.info, &*nameless.capabilities), (NAMELESS, r#"{"roots":{}}"#));
    }
}
