//! The changes of some resources and tasks of one server.

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

/// What was asked for of one server: each as the client knows it, and as the server does.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) uris: Vec<(String, Box<str>)>,
    pub(super) tasks: Vec<(String, Box<str>)>,
}

/// The changes of some resources and tasks of one server. A server that tells no more, because it was started anew, is asked again:
/// the client has subscribed at the hub, and the hub is still there.
pub(super) struct Heard {
    face: Arc<Face>,
    server: Arc<str>,
    /// Those whose URIs the client knows by others.
    renamed: Vec<Box<str>>,
    /// What the server is asked.
    request: Request,
    reply: Option<Reply>,
    wait: Duration,
}

impl Heard {
    /// Asks the server to tell of these, and says of which it will; `None` if it does not agree, or not before the deadline.
    pub(super) async fn of(
        face: Arc<Face>,
        server: &Arc<str>,
        mut wanted: Wanted,
        request: &Request,
    ) -> Option<(Self, Wanted)> {
        let own = |list: &[(String, Box<str>)]| list.iter().map(|(_, own)| own.as_ref().to_owned()).collect();
        let filter = SubscriptionFilter {
            resource_subscriptions: own(&wanted.uris),
            task_ids: own(&wanted.tasks),
            ..SubscriptionFilter::default()
        };
        let message = request.message();
        let at = message.find(&["params", "notifications"]).ok()??;
        let request = request.clone().with_message(message.spliced(&[Edit { at, with: &filter.write() }]));
        let renamed =
            wanted.uris.iter().filter(|(theirs, own)| **theirs != **own).map(|(_, own)| own.clone()).collect();
        let mut heard = Self { face, server: Arc::clone(server), renamed, request, reply: None, wait: WAIT.0 };
        let (reply, honoured) = heard.agreed().await?;
        heard.reply = Some(reply);
        wanted.tasks.retain(|(_, own)| honoured.task_ids.iter().any(|it| **it == **own));
        Some((heard, wanted))
    }

    /// What the server says, for as long as there is a hub.
    pub(super) fn stream(self) -> Notes {
        stream::unfold(self, |mut heard| async move { heard.next().await.map(|note| (Ok(note), heard)) }).boxed()
    }

    async fn next(&mut self) -> Option<Message> {
        loop {
            while let Some(reply) = &mut self.reply {
                match reply.next().await {
                    Some(Ok(note)) if note.is_method(method::RESOURCES_UPDATED) => {
                        self.wait = WAIT.0;
                        return Some(self.under_prefix(note));
                    }
                    Some(Ok(note)) if note.is_method(method::TASKS_CHANGED) => {
                        self.wait = WAIT.0;
                        return Some(self.face.with_task_ids(&self.server, note));
                    }
                    Some(Ok(note)) if note.kind() == Kind::Notification => {}
                    _ => self.reply = None,
                }
            }
            sleep(self.wait).await;
            self.wait = (self.wait * 2).min(WAIT.1);
            self.face.hub.upgrade()?;
            self.reply = self.agreed().await.map(|(reply, _)| reply);
        }
    }

    /// The server's stream, once it has agreed, and to what it has.
    async fn agreed(&mut self) -> Option<(Reply, SubscriptionFilter)> {
        let view = self.face.view()?;
        let member = &view.members[view.member(&self.server)?].member;
        let patience = self.face.hub.upgrade()?.options().deadline;
        let agreed = async {
            let (mut reply, _) = self.face.send_once(member, self.request.clone()).await.ok()?;
            // The acknowledgement, which is ours to give.
            let first = reply.next().await?.ok()?;
            let honoured = SubscriptionFilter::read(first.params().unwrap_or("{}")).unwrap_or_default();
            first.is_method(method::SUBSCRIPTIONS_ACKNOWLEDGED).then_some((reply, honoured))
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
        let Some(uri) = uri.filter(|uri| self.renamed.iter().any(|own| **own == **uri)) else { return note };
        note.spliced(&[Edit { at, with: &quote(&prefixed(&self.server, &uri)) }])
    }
}
