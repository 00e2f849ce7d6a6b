//! Leads requests about resources to the server whose URI it is.

use std::sync::Arc;

use futures::{StreamExt, stream};
use mcp_jsonrpc::{Edit, quote};
use mcp_protocol::{Era, RESOURCE_URI_PATH, ServerCapability, code, resource_uri};
use mcp_transport::{Reply, Request, SendError};
use tokio::time::timeout;

use super::{Face, PATIENCE, refused, send::Errand};
use crate::view::{Found, View};

/// Servers that are asked at the same time for a resource that none of them lists.
const ASKED: usize = 16;

impl Face {
    pub(super) async fn read(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        match self.owner(&view, &uri) {
            Some(found) if view.is_hidden(found.member, &found.own) => Ok(self.unknown(&request, &uri)),
            Some(found) => {
                let request = under(&request, &uri, &found);
                self.send(Errand::repeatable(&view, found.member, request)).await
            }
            None => self.read_anywhere(&view, &request, &uri).await,
        }
    }

    pub(super) async fn subscribe(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        let Some(found) = self.teller(&view, &uri) else { return Ok(self.unknown(&request, &uri)) };
        let subscription = (Arc::clone(view.members[found.member].member.name()), found.own.clone());
        if !self.standing().has_room_for(&subscription) {
            let text = "the client has as many subscriptions as it may; end another one first";
            return Ok(refused(&request, code::INVALID_REQUEST, text));
        }
        let request = under(&request, &uri, &found);
        let subscription = Some(subscription).filter(|_| self.is_session);
        self.send(Errand { subscription, ..Errand::repeatable(&view, found.member, request) }).await
    }

    pub(super) async fn unsubscribe(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        let Some(found) = self.teller(&view, &uri) else { return Ok(self.unknown(&request, &uri)) };
        let subscription = (Arc::clone(view.members[found.member].member.name()), found.own.clone());
        self.standing().unsubscribe(&subscription);
        let request = under(&request, &uri, &found);
        self.send(Errand::repeatable(&view, found.member, request)).await
    }

    /// Whose a resource is: by what the servers list, or by what results have shown.
    pub(super) fn owner(&self, view: &View, uri: &str) -> Option<Found> {
        let learned = || {
            let server = self.hub.upgrade()?.learned(uri)?;
            Some(Found { member: view.member(&server)?, own: uri.into() })
        };
        view.resource(uri).or_else(learned)
    }

    /// Who tells of a resource: whose it is, or the only one that tells of any.
    fn teller(&self, view: &View, uri: &str) -> Option<Found> {
        let found = self.owner(view, uri).or_else(|| only(view, ServerCapability::ResourcesSubscribe, uri));
        found.filter(|found| !view.is_hidden(found.member, &found.own))
    }

    /// Asks the servers for a resource that none of them lists: reading changes nothing. Of those that have it, it is the
    /// first one's; one that is slow is waited for until the deadline.
    async fn read_anywhere(&self, view: &Arc<View>, request: &Request, uri: &str) -> Result<Reply, SendError> {
        let able = |at: &usize| {
            view.members[*at].listing.capabilities.has(ServerCapability::Resources) && !view.is_hidden(*at, uri)
        };
        let able: Vec<usize> = (0..view.members.len()).filter(able).collect();
        if let [only] = able[..] {
            return self.send(Errand::repeatable(view, only, request.clone())).await;
        }
        let patience = self.hub.upgrade().map_or(PATIENCE, |hub| hub.options().deadline);
        let ask = |at: usize| async move {
            let asked = async {
                let (reply, _) = self.send_once(&view.members[at].member, request.clone()).await.ok()?;
                reply.response().await.ok().filter(|response| !response.is_error())
            };
            Some((at, timeout(patience, asked).await.ok()??))
        };
        let asked = stream::iter(able).map(ask).buffered(ASKED).filter_map(std::future::ready);
        let first = std::pin::pin!(asked).next().await;
        let Some((at, response)) = first else { return Ok(self.unknown(request, uri)) };
        if let Some(hub) = self.hub.upgrade() {
            hub.learn(uri, view.members[at].member.name());
        }
        Ok(Reply::ready(response))
    }

    fn unknown(&self, request: &Request, uri: &str) -> Reply {
        let code = match self.era {
            Era::Legacy => code::RESOURCE_NOT_FOUND,
            Era::Modern => code::INVALID_PARAMS,
        };
        refused(request, code, &format!("Resource not found: {uri}"))
    }
}

fn uri_of(request: &Request) -> Option<String> {
    resource_uri(request.message().params()?).ok().map(std::borrow::Cow::into_owned)
}

fn without_uri(request: &Request) -> Reply {
    refused(request, code::INVALID_PARAMS, "the request must name one resource, by a `uri` that is a string")
}

/// The request under the URI that its server knows.
fn under(request: &Request, uri: &str, found: &Found) -> Request {
    if *found.own == *uri {
        return request.clone();
    }
    let message = request.message();
    match message.find(&RESOURCE_URI_PATH) {
        Ok(Some(at)) => request.clone().with_message(message.spliced(&[Edit { at, with: &quote(&found.own) }])),
        _ => request.clone(),
    }
}

/// The only server that can do something, if there is just one.
fn only(view: &View, capability: ServerCapability, uri: &str) -> Option<Found> {
    let mut able = (0..view.members.len()).filter(|at| view.members[*at].listing.capabilities.has(capability));
    let member = able.next()?;
    able.next().is_none().then(|| Found { member, own: uri.into() })
}
