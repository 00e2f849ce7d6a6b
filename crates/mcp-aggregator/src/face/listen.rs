//! The stream of changes of the modern era.

mod changes;

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, future::join_all, stream, stream::BoxStream};
use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{RESOURCE_URI_PATH, ServerCapability, SubscriptionFilter, acknowledged, code, method};
use mcp_transport::{Lost, Reply, Request};
use tokio::time::timeout;

use self::changes::Changes;
use super::{Face, id, refused};
use crate::{Hub, uri::prefixed, view::View};

/// Changes as they come.
type Notes = BoxStream<'static, Result<Message, Lost>>;

/// A resource that was asked for: as the client knows it, and as its server does.
type Wanted = (String, Box<str>);

impl Face {
    /// Opens a stream of changes: of the lists, which the hub knows of itself, and of resources, each of which its own
    /// server tells of. A server that does not agree in time is not heard; the acknowledgement says which are.
    pub(super) async fn listen(&self, view: &Arc<View>, request: &Request) -> Reply {
        let filter = match SubscriptionFilter::read(request.message().params().unwrap_or("{}")) {
            Ok(filter) => filter,
            Err(error) => return refused(request, code::INVALID_PARAMS, &error.to_string()),
        };
        let (Some(hub), Some(face)) = (self.hub.upgrade(), self.me.upgrade()) else {
            return refused(request, code::INTERNAL_ERROR, "the hub is shutting down");
        };
        // Counted from the view that the client knows, which may be another one by the time everybody has agreed.
        let changes = Changes::since(view, hub.version_watch(), face, id(request));
        let opened = self.by_member(view, &filter.resource_subscriptions).into_iter().map(async |(to, wanted)| {
            let stream = self.listen_to(&hub, view, to, &wanted, request).await?;
            Some((stream, wanted))
        });
        let (mut streams, mut heard) = (Vec::new(), Vec::new());
        for (stream, wanted) in join_all(opened).await.into_iter().flatten() {
            streams.push(stream);
            heard.extend(wanted.into_iter().map(|(theirs, _)| theirs));
        }
        let honoured = SubscriptionFilter { resource_subscriptions: heard, task_ids: Vec::new(), ..filter };
        let first = stream::iter([Ok(acknowledged(&id(request), &honoured))]);
        streams.push(changes.stream(honoured));
        // Which server's stream ends first says nothing about the others.
        Reply::stream(first.chain(stream::select_all(streams)))
    }

    /// The URIs that were asked for, by whose they are.
    fn by_member(&self, view: &View, uris: &[String]) -> BTreeMap<usize, Vec<Wanted>> {
        let mut sorted: BTreeMap<usize, Vec<Wanted>> = BTreeMap::new();
        for uri in uris {
            let able = |at: usize| view.members[at].listing.capabilities.has(ServerCapability::ResourcesSubscribe);
            let found = self.owner(view, uri).filter(|found| able(found.member));
            if let Some(found) = found.filter(|found| !view.is_hidden(found.member, &found.own)) {
                sorted.entry(found.member).or_default().push((uri.clone(), found.own));
            }
        }
        sorted
    }

    /// The changes of some resources of one server, once it has agreed to tell; `None` if it does not.
    async fn listen_to(
        &self,
        hub: &Hub,
        view: &Arc<View>,
        to: usize,
        wanted: &[Wanted],
        request: &Request,
    ) -> Option<Notes> {
        let filter = SubscriptionFilter {
            resource_subscriptions: wanted.iter().map(|(_, own)| own.as_ref().to_owned()).collect(),
            ..SubscriptionFilter::default()
        };
        let message = request.message();
        let at = message.find(&["params", "notifications"]).ok()??;
        let message = message.spliced(&[Edit { at, with: &filter.write() }]);
        let seen = &view.members[to];
        let agreed = async {
            let (mut reply, _) = self.send_once(&seen.member, request.clone().with_message(message)).await.ok()?;
            let first = reply.next().await?.ok()?;
            (first.kind() == Kind::Notification).then_some((reply, first))
        };
        let (reply, first) = timeout(hub.options().deadline, agreed).await.ok()??;
        let server = Arc::clone(seen.member.name());
        let renamed: Vec<_> = wanted.iter().filter(|(theirs, own)| **theirs != **own).cloned().collect();
        let all = stream::iter([Ok(first)]).chain(reply);
        let notes = all.filter_map(move |note| {
            // Its acknowledgement and its end are ours to say.
            let note = note.ok().filter(|note| note.method() == Some(method::RESOURCES_UPDATED));
            std::future::ready(note.map(|note| Ok(under_prefix(note, &server, &renamed))))
        });
        Some(notes.boxed())
    }
}

/// The notice under the URI that the client has asked for.
fn under_prefix(note: Message, server: &str, renamed: &[Wanted]) -> Message {
    if renamed.is_empty() {
        return note;
    }
    let Some(at) = note.find(&RESOURCE_URI_PATH).ok().flatten() else { return note };
    let uri = std::str::from_utf8(&note.text()[at.clone()]).ok().and_then(field::unescape);
    let Some(uri) = uri.filter(|uri| renamed.iter().any(|(_, own)| **own == **uri)) else { return note };
    note.spliced(&[Edit { at, with: &quote(&prefixed(server, &uri)) }])
}
