//! The changes of some resources of one server.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt, stream};
use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{RESOURCE_URI_PATH, SubscriptionFilter, method};
use mcp_transport::{Reply, Request};
use tokio::time::{sleep, timeout};

use super::Notes;
use crate::{face::Face, uri::prefixed};

/// The wait before a server that tells no more is asked again: at first, and after many times.
const WAIT: (Duration, Duration) = (Duration::from_secs(1), Duration::from_mins(1));

/// A resource that was asked for: as the client knows it, and as its server does.
pub(super) type Wanted = (String, Box<str>);

/// The changes of some resources of one server. A server that tells no more, because it was started anew, is asked again:
/// the client has subscribed at the hub, and the hub is still there.
pub(super) struct Heard {
    face: Arc<Face>,
    server: Arc<str>,
    /// Those whose URIs the client knows by others.
    renamed: Vec<Wanted>,
    /// What the server is asked.
    request: Request,
    reply: Option<Reply>,
    wait: Duration,
}

impl Heard {
    /// Asks the server to tell of these; `None` if it does not agree, or not before the deadline.
    pub(super) async fn of(face: Arc<Face>, server: &Arc<str>, wanted: &[Wanted], request: &Request) -> Option<Self> {
        let filter = SubscriptionFilter {
            resource_subscriptions: wanted.iter().map(|(_, own)| own.as_ref().to_owned()).collect(),
            ..SubscriptionFilter::default()
        };
        let message = request.message();
        let at = message.find(&["params", "notifications"]).ok()??;
        let request = request.clone().with_message(message.spliced(&[Edit { at, with: &filter.write() }]));
        let renamed = wanted.iter().filter(|(theirs, own)| **theirs != **own).cloned().collect();
        let mut heard = Self { face, server: Arc::clone(server), renamed, request, reply: None, wait: WAIT.0 };
        heard.reply = Some(heard.agreed().await?);
        Some(heard)
    }

    /// What the server says, for as long as there is a hub.
    pub(super) fn stream(self) -> Notes {
        stream::unfold(self, |mut heard| async move { heard.next().await.map(|note| (Ok(note), heard)) }).boxed()
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some(reply) = &mut self.reply {
                match reply.next().await {
                    Some(Ok(note)) if note.method() == Some(method::RESOURCES_UPDATED) => {
                        self.wait = WAIT.0;
                        return Some(self.under_prefix(note));
                    }
                    Some(Ok(note)) if note.kind() == Kind::Notification => {}
                    _ => self.reply = None,
                }
            }
            sleep(self.wait).await;
            self.wait = (self.wait * 2).min(WAIT.1);
            self.face.hub.upgrade()?;
            self.reply = self.agreed().await;
        }
    }

    /// The server's stream, once it has agreed.
    async fn agreed(&mut self) -> Option<Reply> {
        let view = self.face.view()?;
        let member = &view.members[view.member(&self.server)?].member;
        let patience = self.face.hub.upgrade()?.options().deadline;
        let agreed = async {
            let (mut reply, _) = self.face.send_once(member, self.request.clone()).await.ok()?;
            // The acknowledgement, which is ours to give.
            let first = reply.next().await?.ok()?;
            (first.method() == Some(method::SUBSCRIPTIONS_ACKNOWLEDGED)).then_some(reply)
        };
        timeout(patience, agreed).await.ok()?
    }

    /// The notice under the URI that the client has asked for.
    fn under_prefix(&self, note: Message) -> Message {
        if self.renamed.is_empty() {
            return note;
        }
        let Some(at) = note.find(&RESOURCE_URI_PATH).ok().flatten() else { return note };
        let uri = std::str::from_utf8(&note.text()[at.clone()]).ok().and_then(field::unescape);
        let Some(uri) = uri.filter(|uri| self.renamed.iter().any(|(_, own)| **own == **uri)) else { return note };
        note.spliced(&[Edit { at, with: &quote(&prefixed(&self.server, &uri)) }])
    }
}
