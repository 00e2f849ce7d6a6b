//! Leads requests about resources to the server whose URI it is.

use std::sync::Arc;

use mcp_jsonrpc::{Edit, quote};
use mcp_protocol::{Era, RESOURCE_URI_PATH, ServerCapability, code, resource_uri};
use mcp_transport::{Reply, Request, SendError};

use super::{Face, refused};
use crate::view::{Found, View};

impl Face {
    pub(super) async fn read(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        match self.owner(&view, &uri) {
            Some(found) => {
                let (to, request) = (found.member, under(&request, &uri, &found));
                self.send(&view, to, request, true, None).await
            }
            None => self.read_anywhere(&view, &request, &uri).await,
        }
    }

    pub(super) async fn subscribe(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        let found = self.owner(&view, &uri).or_else(|| only(&view, ServerCapability::ResourcesSubscribe, &uri));
        let Some(found) = found else { return Ok(self.unknown(&request, &uri)) };
        let subscription = (Arc::clone(view.members[found.member].member.name()), found.own.clone());
        if self.is_session {
            self.standing().subscriptions.insert(subscription.clone());
        }
        let (to, request) = (found.member, under(&request, &uri, &found));
        let sent = self.send(&view, to, request, true, Some(subscription.clone())).await;
        if sent.is_err() {
            self.standing().subscriptions.remove(&subscription);
        }
        sent
    }

    pub(super) async fn unsubscribe(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let Some(uri) = uri_of(&request) else { return Ok(without_uri(&request)) };
        let found = self.owner(&view, &uri).or_else(|| only(&view, ServerCapability::ResourcesSubscribe, &uri));
        let Some(found) = found else { return Ok(self.unknown(&request, &uri)) };
        let subscription = (Arc::clone(view.members[found.member].member.name()), found.own.clone());
        self.standing().subscriptions.remove(&subscription);
        let (to, request) = (found.member, under(&request, &uri, &found));
        self.send(&view, to, request, true, None).await
    }

    /// Whose a resource is: by what the servers list, or by what results have shown.
    pub(super) fn owner(&self, view: &View, uri: &str) -> Option<Found> {
        let learned = || {
            let server = self.hub.upgrade()?.learned(uri)?;
            Some(Found { member: view.member(&server)?, own: uri.into() })
        };
        view.resource(uri).or_else(learned)
    }

    /// Asks the servers one after the other for a resource that none of them lists: reading changes nothing.
    async fn read_anywhere(&self, view: &Arc<View>, request: &Request, uri: &str) -> Result<Reply, SendError> {
        let able = |at: &usize| view.members[*at].listing.capabilities.has(ServerCapability::Resources);
        let able: Vec<usize> = (0..view.members.len()).filter(able).collect();
        if let [only] = able[..] {
            return self.send(view, only, request.clone(), true, None).await;
        }
        for at in able {
            let Ok(reply) = self.send(view, at, request.clone(), true, None).await else { continue };
            let Ok(response) = reply.response().await else { continue };
            if !response.is_error() {
                if let Some(hub) = self.hub.upgrade() {
                    hub.learn(uri, view.members[at].member.name());
                }
                return Ok(Reply::ready(response));
            }
        }
        Ok(self.unknown(request, uri))
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
