//! A hub and its clients, as tests see them.

use std::{sync::Arc, time::Duration};

use futures::StreamExt;
use mcp_aggregator::{Hub, HubOptions, Place};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Era, ListKind, Revision, method};
use mcp_transport::{Caller, Client as Who, Connection, Events, Principal, Reply, Request, SendError, Store};
use tokio::time::timeout;

use super::server::{Known, Server};

/// Time is paused, so this passes at once when nothing else is left to do.
pub(crate) const A_WHILE: Duration = Duration::from_secs(1);

/// A hub of these servers, with these options.
pub(crate) fn hub_with(options: HubOptions, servers: &[&Arc<Server>], store: Option<Arc<dyn Store>>) -> Arc<Hub> {
    let proxy = Arc::new(Who { info: r#"{"name":"hub","version":"1"}"#.into(), capabilities: "{}".into() });
    let hub = Hub::new(options, &proxy, store);
    hub.set_members(members(servers));
    hub
}

pub(crate) fn hub(servers: &[&Arc<Server>]) -> Arc<Hub> {
    hub_with(HubOptions::default(), servers, None)
}

pub(crate) fn members(servers: &[&Arc<Server>]) -> Vec<Arc<dyn mcp_aggregator::Member>> {
    servers.iter().map(|server| Arc::new(Known(Arc::clone(server))) as Arc<dyn mcp_aggregator::Member>).collect()
}

/// A client of a hub.
pub(crate) struct Client {
    pub(crate) connection: Arc<dyn Connection>,
    pub(crate) caller: Arc<Caller>,
    pub(crate) _hub: Arc<Hub>,
}

impl Client {
    /// One with a session, who sees everything.
    pub(crate) async fn of(hub: &Arc<Hub>) -> Self {
        Self::at(hub, Place::All, &Principal::Anonymous).await
    }

    /// One with a session.
    pub(crate) async fn at(hub: &Arc<Hub>, place: Place, principal: &Principal) -> Self {
        let scope = hub.scope(place, principal).unwrap();
        let connection = hub.session(&scope).await;
        let caller = Caller::new(principal.clone(), Revision::LATEST_LEGACY);
        let session = format!("{:p}", Arc::as_ptr(&connection));
        Self { connection, caller: Arc::new(Caller { session: Some(session.into()), ..caller }), _hub: Arc::clone(hub) }
    }

    /// One of the modern era.
    pub(crate) async fn modern(hub: &Arc<Hub>) -> Self {
        let scope = hub.scope(Place::All, &Principal::Anonymous).unwrap();
        let connection = hub.sessionless(&scope, Era::Modern).await;
        let caller = Caller::new(Principal::Anonymous, Revision::LATEST);
        Self { connection, caller: Arc::new(caller), _hub: Arc::clone(hub) }
    }

    pub(crate) async fn send(&self, id: u64, method: &str, params: &str) -> Result<Reply, SendError> {
        let message = Message::request(&Id::from(id), method, Some(params));
        self.connection.call(Request::new(message, Arc::clone(&self.caller)).unwrap()).await
    }

    pub(crate) async fn call(&self, id: u64, method: &str, params: &str) -> Reply {
        self.send(id, method, params).await.unwrap()
    }

    /// The text of the result, or of the error.
    pub(crate) async fn ask(&self, method: &str, params: &str) -> String {
        let response = self.call(1, method, params).await.response().await.unwrap();
        assert_eq!(response.id(), Some(Id::from(1)));
        response.result().or(response.error()).unwrap().to_owned()
    }

    pub(crate) async fn tool(&self, name: &str) -> String {
        self.ask(method::TOOLS_CALL, &named(name)).await
    }

    /// The text of a list.
    pub(crate) async fn list(&self, kind: ListKind) -> String {
        self.ask(kind.method(), "{}").await
    }

    /// The names of all tools.
    pub(crate) async fn tools(&self) -> Vec<String> {
        self.keys(ListKind::Tools).await
    }

    /// What the items of a list are named by.
    pub(crate) async fn keys(&self, kind: ListKind) -> Vec<String> {
        let list = self.list(kind).await;
        let page = mcp_protocol::ListPage::read(kind, &list).unwrap();
        page.items.iter().map(|item| kind.key_of(item).unwrap().into_owned()).collect()
    }

    pub(crate) async fn tell(&self, message: Message) {
        self.connection.tell(message, &self.caller).await.unwrap();
    }

    pub(crate) fn events(&self) -> Events {
        self.connection.events().unwrap()
    }
}

pub(crate) fn named(name: &str) -> String {
    format!(r#"{{"name":"{name}"}}"#)
}

pub(crate) fn uri(uri: &str) -> String {
    format!(r#"{{"uri":"{uri}"}}"#)
}

/// The next message of a call.
pub(crate) async fn next(reply: &mut Reply) -> Message {
    timeout(A_WHILE, reply.next()).await.expect("something comes back").unwrap().unwrap()
}

/// The methods of the events that have come by now.
pub(crate) async fn heard(events: &mut Events) -> Vec<String> {
    let mut heard = Vec::new();
    while let Ok(Some(event)) = timeout(A_WHILE, events.next()).await {
        heard.push(event.method().unwrap_or_default().to_owned());
    }
    heard
}

/// Lets everything happen that is about to.
pub(crate) async fn settle() {
    tokio::time::sleep(A_WHILE).await;
}

/// A store in memory.
#[derive(Debug, Default)]
pub(crate) struct Kept(pub(crate) std::sync::Mutex<std::collections::BTreeMap<String, String>>);

#[async_trait::async_trait]
impl Store for Kept {
    async fn load(&self, key: &str) -> std::io::Result<Option<String>> {
        Ok(self.0.lock().unwrap().get(key).cloned())
    }

    async fn save(&self, key: &str, text: &str) -> std::io::Result<()> {
        self.0.lock().unwrap().insert(key.to_owned(), text.to_owned());
        Ok(())
    }
}
