//! The stream of changes of the modern era.

mod changes;
mod heard;

use std::{collections::BTreeMap, sync::Arc};

use futures::{StreamExt, future::join_all, stream, stream::BoxStream};
use mcp_jsonrpc::Message;
use mcp_protocol::{ServerCapability, SubscriptionFilter, acknowledged, code};
use mcp_transport::{Lost, Reply, Request};

use self::{
    changes::Changes,
    heard::{Heard, Wanted},
};
use super::{Face, id, refused};
use crate::view::View;

/// Changes as they come.
type Notes = BoxStream<'static, Result<Message, Lost>>;

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
        let changes = Changes::since(view, hub.version_watch(), Arc::clone(&face), id(request));
        let opened = self.by_member(view, &filter.resource_subscriptions).into_iter().map(async |(to, wanted)| {
            let server = view.members[to].member.name();
            let heard = Heard::of(Arc::clone(&face), server, &wanted, request).await?;
            Some((heard.stream(), wanted))
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
}
