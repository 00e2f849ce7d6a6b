//! The stream of changes of the modern era.

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, stream, stream::BoxStream};
use mcp_jsonrpc::{Edit, Id, Message, field, quote};
use mcp_protocol::{
    ListKind, RESOURCE_URI_PATH, ServerCapability, SubscriptionFilter, acknowledged, change, code, method,
};
use mcp_transport::{Lost, Reply, Request};
use tokio::sync::watch;

use super::{Face, id, refused};
use crate::{uri::prefixed, view::View};

impl Face {
    /// Opens a stream of changes: of the lists, which the hub knows of itself, and of resources, each of which its own
    /// server tells of.
    pub(super) async fn listen(&self, view: &Arc<View>, request: &Request) -> Reply {
        let filter = match SubscriptionFilter::read(request.message().params().unwrap_or("{}")) {
            Ok(filter) => filter,
            Err(error) => return refused(request, code::INVALID_PARAMS, &error.to_string()),
        };
        let (Some(hub), Some(face)) = (self.hub.upgrade(), self.me.upgrade()) else {
            return refused(request, code::INTERNAL_ERROR, "the hub is shutting down");
        };
        let listen = id(request);
        let mut streams = Vec::new();
        let mut heard = Vec::new();
        for (to, uris) in self.by_member(view, &filter.resource_subscriptions) {
            let Some(stream) = self.listen_to(view, to, &uris, request).await else { continue };
            heard.extend(uris.into_iter().map(|(theirs, _)| theirs));
            streams.push(stream);
        }
        let honoured = SubscriptionFilter { resource_subscriptions: heard, task_ids: Vec::new(), ..filter };
        let first = stream::iter([Ok(acknowledged(&listen, &honoured))]).boxed();
        let changes = Changes {
            prints: view.prints(),
            version: hub.version_watch(),
            face,
            listen,
            filter: honoured,
            waiting: Vec::new(),
        };
        streams.push(changes.stream());
        // Which server's stream ends first says nothing about the others.
        Reply::stream(first.chain(stream::select_all(streams)))
    }

    /// The URIs that were asked for, by whose they are: as the client knows them, and as the server does.
    fn by_member(&self, view: &View, uris: &[String]) -> BTreeMap<usize, Vec<(String, Box<str>)>> {
        let mut sorted: BTreeMap<usize, Vec<(String, Box<str>)>> = BTreeMap::new();
        for uri in uris {
            let found = self.owner(view, uri);
            let able = |at: usize| view.members[at].listing.capabilities.has(ServerCapability::ResourcesSubscribe);
            if let Some(found) = found.filter(|found| able(found.member)) {
                sorted.entry(found.member).or_default().push((uri.clone(), found.own));
            }
        }
        sorted
    }

    /// The changes of some resources of one server.
    async fn listen_to(
        &self,
        view: &Arc<View>,
        to: usize,
        uris: &[(String, Box<str>)],
        request: &Request,
    ) -> Option<BoxStream<'static, Result<Message, Lost>>> {
        let filter = SubscriptionFilter {
            resource_subscriptions: uris.iter().map(|(_, own)| own.as_ref().to_owned()).collect(),
            ..SubscriptionFilter::default()
        };
        let message = request.message();
        let at = message.find(&["params", "notifications"]).ok()??;
        let message = message.spliced(&[Edit { at, with: &filter.write() }]);
        let (reply, _) = self.send_once(view, to, request.clone().with_message(message)).await.ok()?;
        let seen = &view.members[to];
        let (collides, server) = (seen.collides, Arc::clone(seen.member.name()));
        let renamed: Vec<(String, Box<str>)> = uris.iter().filter(|(theirs, own)| **theirs != **own).cloned().collect();
        let stream = reply.filter_map(move |note| {
            let note = match note {
                Ok(note) if note.method() == Some(method::RESOURCES_UPDATED) => {
                    Some(Ok(if collides { under_prefix(note, &server, &renamed) } else { note }))
                }
                // Its acknowledgement and its end are ours to say.
                _ => None,
            };
            std::future::ready(note)
        });
        Some(stream.boxed())
    }
}

/// The notice under the URI that the client has asked for.
fn under_prefix(note: Message, server: &str, renamed: &[(String, Box<str>)]) -> Message {
    let Some(at) = note.find(&RESOURCE_URI_PATH).ok().flatten() else { return note };
    let uri = std::str::from_utf8(&note.text()[at.clone()]).ok().and_then(field::unescape);
    let Some(uri) = uri.filter(|uri| renamed.iter().any(|(_, own)| **own == **uri)) else { return note };
    note.spliced(&[Edit { at, with: &quote(&prefixed(server, &uri)) }])
}

/// The changes of the lists that one client sees.
struct Changes {
    face: Arc<Face>,
    listen: Id,
    filter: SubscriptionFilter,
    prints: [u64; 4],
    version: watch::Receiver<u64>,
    waiting: Vec<Message>,
}

impl Changes {
    fn stream(self) -> BoxStream<'static, Result<Message, Lost>> {
        stream::unfold(self, |mut changes| async move {
            loop {
                if let Some(note) = changes.waiting.pop() {
                    return Some((Ok(note), changes));
                }
                changes.version.changed().await.ok()?;
                changes.look();
            }
        })
        .boxed()
    }

    fn look(&mut self) {
        let Some(view) = self.face.view() else { return };
        let prints = view.prints();
        let before = std::mem::replace(&mut self.prints, prints);
        let is_other = |at: usize| before[at] != prints[at];
        let told = [
            (is_other(0), ListKind::Tools),
            (is_other(1), ListKind::Prompts),
            (is_other(2) || is_other(3), ListKind::Resources),
        ];
        for (changed, kind) in told {
            if changed && self.filter.wants(kind.list_changed()) {
                self.waiting.push(change(&self.listen, kind.list_changed()));
            }
        }
    }
}
