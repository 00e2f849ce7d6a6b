//! What a server says to one client outside of calls.

use std::sync::{Arc, Weak};

use futures::StreamExt;
use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{EMPTY_ROOTS, code, method};
use mcp_transport::{Caller, Connection, Events};

use super::Face;
use crate::{
    Member,
    listing::Listing,
    uri::{prefixed, uri_of_update},
};

/// Hands on what `connection` says to the client of `face`, until one of the two is gone.
pub(super) async fn run(
    face: Weak<Face>,
    member: Arc<dyn Member>,
    connection: Weak<dyn Connection>,
    mut events: Events,
) {
    // Questions outside of calls are told by this.
    let mut call = 0;
    while let Some(event) = events.next().await {
        let (Some(face), Some(connection)) = (face.upgrade(), connection.upgrade()) else { return };
        match (event.kind(), event.method()) {
            (Kind::Request, _) => {
                if call == 0 {
                    call = face.questions().call();
                }
                ask(&face, &event, call, &connection).await;
            }
            (Kind::Notification, Some(method::CANCELLED)) if call != 0 => {
                let notice = face.questions().withdraw(&event, call);
                notice.map(|notice| face.push(notice));
            }
            (Kind::Notification, Some(method::RESOURCES_UPDATED)) => drop(face.push(face.updated(&member, event))),
            (Kind::Notification, Some(name)) if method::is_list_changed(name) => {
                // What all share is followed for everyone.
                if member.is_dedicated() {
                    let (face, member, connection) = (Arc::downgrade(&face), Arc::clone(&member), connection);
                    tokio::spawn(async move { relist(&face, &member, &connection).await });
                }
            }
            (Kind::Notification, _) => drop(face.push(event)),
            (Kind::Response, _) => {}
        }
    }
}

/// Asks the client; a server whose question finds no room is told so.
async fn ask(face: &Face, question: &Message, call: u64, from: &Arc<dyn Connection>) {
    let asked = face.questions().ask(question, call, from);
    let Some(asked) = asked else { return };
    let Some(refused) = face.push(asked) else { return };
    let answer = refused.id().and_then(|id| {
        let text = "the client has as many questions as it may";
        let answer = if question.method() == Some(method::ROOTS_LIST) {
            Message::response(&id, EMPTY_ROOTS)
        } else {
            Message::error_response(Some(&id), code::INVALID_REQUEST, text, None)
        };
        face.questions().answer(&answer)
    });
    if let Some((to, answer)) = answer {
        // A server that is gone needs no answer.
        let _ = to.tell(answer, &Caller::proxy(mcp_protocol::Revision::LATEST_LEGACY)).await;
    }
}

/// Reads anew what the client's own instance of a server offers.
async fn relist(face: &Weak<Face>, member: &Arc<dyn Member>, connection: &Arc<dyn Connection>) {
    let caller = Caller::proxy(mcp_protocol::Revision::LATEST_LEGACY);
    let Ok(listing) = Listing::read(member.name(), connection, &caller).await else { return };
    let Some(face) = face.upgrade() else { return };
    {
        let mut standing = face.standing();
        standing.own.insert(Arc::clone(member.name()), Arc::new(listing));
        standing.own_view = None;
    }
    face.announce();
}

impl Face {
    /// A notice about a resource under the URI that the client knows.
    fn updated(&self, member: &Arc<dyn Member>, note: Message) -> Message {
        let Some(view) = self.view() else { return note };
        let Some(seen) = view.member(member.name()).map(|at| (at, &view.members[at])) else { return note };
        let (at, seen) = seen;
        let Some(place) = seen.collides.then(|| uri_of_update(&note)).flatten() else { return note };
        let raw = std::str::from_utf8(&note.text()[place.clone()]).ok();
        let Some(uri) = raw.and_then(field::unescape) else { return note };
        match view.resource(&uri) {
            Some(found) if found.member != at => {
                note.spliced(&[Edit { at: place, with: &quote(&prefixed(member.name(), &uri)) }])
            }
            _ => note,
        }
    }
}
