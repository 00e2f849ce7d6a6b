//! A stream of changes, made of a legacy server's subscriptions and events.

use std::{future::pending, sync::Arc, time::Duration};

use futures::{
    StreamExt,
    stream::{self, BoxStream},
};
use mcp_jsonrpc::{Edit, Id, Kind, Message, quote};
use mcp_protocol::{SubscriptionFilter, acknowledged, change, listen_result, meta, method};
use mcp_transport::{Caller, Closed, Connection, Events, Reply, Request};
use tokio::{sync::watch, time::timeout};

use super::{attended::refusal, conversation::Conversation};

/// A client that listens to changes.
pub(super) struct Listening {
    id: Id,
    honoured: SubscriptionFilter,
    is_acknowledged: bool,
    /// Subscriptions on their way to the server.
    subscribing: BoxStream<'static, ()>,
    events: Option<Events>,
    conversation: Conversation,
    /// Set when there are to be no more changes.
    stopped: watch::Receiver<Option<Arc<Closed>>>,
}

/// How many subscriptions are on their way at once.
const AT_ONCE: usize = 8;
/// How long a server may take to agree to one.
const SUBSCRIBE_WAIT: Duration = Duration::from_secs(30);
/// How long its client waits for that before it is told that it listens.
const ACKNOWLEDGE_WAIT: Duration = Duration::from_millis(300);

impl Listening {
    /// How many resources one client may listen to on one stream.
    pub(super) const MOST: usize = 1000;

    pub(super) fn new(
        id: Id,
        filter: &SubscriptionFilter,
        conversation: Conversation,
        stopped: watch::Receiver<Option<Arc<Closed>>>,
    ) -> Self {
        let honoured = filter.honoured(conversation.seen().can());
        // Taken before anything is asked for, so that nothing is missed.
        let events = conversation.connection().events();
        let (connection, caller) = (Arc::clone(conversation.connection()), Arc::clone(conversation.caller()));
        let subscribing = stream::iter(honoured.resource_subscriptions.clone())
            .map(move |uri| subscribe(Arc::clone(&connection), Arc::clone(&caller), uri))
            .buffer_unordered(AT_ONCE)
            .boxed();
        Self { id, honoured, is_acknowledged: false, subscribing, events, conversation, stopped }
    }

    /// The stream; dropping it ends the conversation, and the subscriptions with it.
    pub(super) fn reply(self) -> Reply {
        Reply::stream(
            stream::unfold(self, async |mut listening| {
                let message = listening.next().await;
                Some((Ok(message), listening))
            })
            .boxed(),
        )
    }

    async fn next(&mut self) -> Message {
        if !self.is_acknowledged {
            self.is_acknowledged = true;
            // Whoever is told that he listens may count on it; a server that is slow to agree holds nobody up for long.
            let agreed = async { while self.subscribing.next().await.is_some() {} };
            let _ = timeout(ACKNOWLEDGE_WAIT, agreed).await;
            return acknowledged(&self.id, &self.honoured);
        }
        let mut subscribing = true;
        loop {
            let connection = self.conversation.connection();
            tokio::select! {
                biased;
                event = next_event(&mut self.events) => match event {
                    Some(event) if event.kind() == Kind::Request => {
                        if let Some(refusal) = refusal(&event) {
                            // A server that is gone needs no answer.
                            let _ = connection.tell(refusal, self.conversation.caller()).await;
                        }
                    }
                    Some(event) if event.method().is_some_and(|name| self.honoured.wants(name)) => {
                        return tagged(&event, &self.id);
                    }
                    Some(_) => {}
                    None => break,
                },
                more = self.subscribing.next(), if subscribing => subscribing = more.is_some(),
                () = stop(&mut self.stopped) => break,
                _ = connection.closed() => break,
            }
        }
        Message::response(&self.id, &listen_result(&self.id))
    }
}

async fn next_event(events: &mut Option<Events>) -> Option<Message> {
    match events {
        Some(events) => events.next().await,
        None => pending().await,
    }
}

async fn stop(stopped: &mut watch::Receiver<Option<Arc<Closed>>>) {
    // An error means that the server as a whole is gone for us, which is an end as well.
    let _ = stopped.wait_for(Option::is_some).await;
}

/// Asks the server for word of one resource. One that refuses has nothing to tell of it.
async fn subscribe(connection: Arc<dyn Connection>, caller: Arc<Caller>, uri: String) {
    let params = format!(r#"{{"uri":{}}}"#, quote(&uri));
    let message = Message::request(&Id::from(0), method::RESOURCES_SUBSCRIBE, Some(&params));
    let Ok(request) = Request::new(message, caller) else { return };
    let agreed = async { connection.call(request).await.ok()?.response().await.ok() };
    let _ = timeout(SUBSCRIBE_WAIT, agreed).await;
}

/// The notification as one of the stream that the request `listen` has opened, all else as it is.
fn tagged(event: &Message, listen: &Id) -> Message {
    let method = event.method().unwrap_or_default();
    let tag = format!(r#""{}":{listen}"#, meta::SUBSCRIPTION_ID);
    let put = |at: usize, inside: &str, member: &str| {
        let comma = if inside[1..].trim_start().starts_with('}') { "" } else { "," };
        event.spliced(&[Edit { at: at + 1..at + 1, with: &format!("{member}{comma}") }])
    };
    let place = |path: &[&str]| event.find(path).ok().flatten().zip(event.value(path));
    match (place(&meta::SUBSCRIPTION_ID_PATH), place(&["params", meta::META]), place(&["params"])) {
        (Some((at, _)), _, _) => event.spliced(&[Edit { at, with: listen.as_str() }]),
        (None, Some((at, old)), _) if old.starts_with('{') => put(at.start, old, &tag),
        (None, None, Some((at, old))) if old.starts_with('{') => {
            put(at.start, old, &format!(r#""{}":{{{tag}}}"#, meta::META))
        }
        _ => change(listen, method),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_tagged_and_keeps_what_it_says() {
        let id = Id::parse("\"l\"").unwrap();
        let tag = r#""io.modelcontextprotocol/subscriptionId":"l""#;
        let check = |params: Option<&str>, expect: &str| {
            let event = Message::notification(method::RESOURCES_UPDATED, params);
            assert_eq!(tagged(&event, &id).params(), Some(expect));
        };
        check(None, &format!(r#"{{"_meta":{{{tag}}}}}"#));
        check(Some("{}"), &format!(r#"{{"_meta":{{{tag}}}}}"#));
        check(Some(r#"{"uri":"a"}"#), &format!(r#"{{"_meta":{{{tag}}},"uri":"a"}}"#));
        check(Some(r#"{"_meta":{},"x":1}"#), &format!(r#"{{"_meta":{{{tag}}},"x":1}}"#));
        check(Some(r#"{"_meta":{"v/a":1}}"#), &format!(r#"{{"_meta":{{{tag},"v/a":1}}}}"#));
        let stray = r#"{"_meta":{"io.modelcontextprotocol/subscriptionId":7}}"#;
        check(Some(stray), &format!(r#"{{"_meta":{{{tag}}}}}"#));
    }
}
