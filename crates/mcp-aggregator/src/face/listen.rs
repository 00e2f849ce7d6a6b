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
    /// Opens a stream of changes: of the lists, which the hub knows of itself, and of resources and tasks, each of which its
    /// own server tells of. A server that does not agree in time is not heard; the acknowledgement says which are.
    pub(super) async fn listen(&self, view: &Arc<View>, request: &Request) -> Reply {
        let filter = match SubscriptionFilter::read(request.message().params().unwrap_or("{}")) {
            Ok(filter) => filter,
            Err(error) => return refused(request, code::INVALID_PARAMS, &error.to_string()),
        };
        if let Some(refusal) =
            Some(&filter).filter(|it| !it.task_ids.is_empty()).and_then(|_| self.without_tasks(request))
        {
            return refusal;
        }
        let (Some(hub), Some(face)) = (self.hub.upgrade(), self.me.upgrade()) else {
            return refused(request, code::INTERNAL_ERROR, "the hub is shutting down");
        };
        // Counted from the view that the client knows, which may be another one by the time everybody has agreed.
        let changes = Changes::since(view, hub.version_watch(), Arc::clone(&face), id(request));
        let opened = self.by_member(view, &filter).into_iter().map(async |(to, wanted)| {
            let server = view.members[to].member.name();
            let (heard, honoured) = Heard::of(Arc::clone(&face), server, wanted, request).await?;
            Some((heard.stream(), honoured))
        });
        let mut streams = Vec::new();
        let mut honoured = SubscriptionFilter { resource_subscriptions: Vec::new(), task_ids: Vec::new(), ..filter };
        for (stream, heard) in join_all(opened).await.into_iter().flatten() {
            streams.push(stream);
            honoured.resource_subscriptions.extend(heard.uris.into_iter().map(|(theirs, _)| theirs));
            honoured.task_ids.extend(heard.tasks.into_iter().map(|(theirs, _)| theirs));
        }
        let first = stream::iter([Ok(acknowledged(&id(request), &honoured))]);
        streams.push(changes.stream(honoured));
        // Which server's stream ends first says nothing about the others.
        Reply::stream(first.chain(stream::select_all(streams)))
    }

    /// The resources and tasks that were asked for, by whose they are.
    fn by_member(&self, view: &View, filter: &SubscriptionFilter) -> BTreeMap<usize, Wanted> {
        let mut sorted: BTreeMap<usize, Wanted> = BTreeMap::new();
        let able = |at: usize, capability| view.members[at].listing.capabilities.has(capability);
        for uri in &filter.resource_subscriptions {
            let found = self.owner(view, uri).filter(|it| able(it.member, ServerCapability::ResourcesSubscribe));
            if let Some(found) = found.filter(|found| !view.is_hidden(found.member, &found.own)) {
                sorted.entry(found.member).or_default().uris.push((uri.clone(), found.own));
            }
        }
        for task in &filter.task_ids {
            let found = view.task(task).filter(|it| able(it.member, ServerCapability::TasksExtension));
            if let Some(found) = found {
                sorted.entry(found.member).or_default().tasks.push((task.clone(), found.own));
            }
        }
        sorted
    }
}
