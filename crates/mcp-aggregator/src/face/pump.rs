//! What a server says to one client outside of calls.

use std::{
    future::pending,
    sync::{Arc, Weak},
};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use mcp_jsonrpc::{Edit, Kind, Message, field, quote};
use mcp_protocol::{EMPTY_ROOTS, Revision, code, method};
use mcp_transport::{Caller, Connection, Events};

use super::Face;
use crate::{
    Member,
    listing::{Listing, Source},
    uri::{prefixed, uri_of_update},
};

/// Hands on what `connection` says to the client of `face`, until one of the two is gone.
pub(super) async fn run(
    face: Weak<Face>,
    member: Arc<dyn Member>,
    connection: Weak<dyn Connection>,
    mut events: Events,
) {
    let mut asked = Asked { face: face.clone(), call: 0 };
    // The lists are read one time after the other, however often they change.
    let mut relisting: Option<BoxFuture<'static, Option<Listing>>> = None;
    let mut has_changed_since = false;
    loop {
        let event = tokio::select! {
            event = events.next() => event,
            listing = of(&mut relisting) => {
                relisting = None;
                let (Some(face), Some(connection)) = (face.upgrade(), connection.upgrade()) else { return };
                if std::mem::take(&mut has_changed_since) {
                    relisting = Some(relist(Arc::clone(&member), connection));
                }
                if let Some(listing) = listing {
                    face.relisted(&member, listing);
                }
                continue;
            }
        };
        let Some(event) = event else { return };
        let (Some(face), Some(connection)) = (face.upgrade(), connection.upgrade()) else { return };
        let event = face.with_task_ids(member.name(), event);
        match (event.kind(), event.method()) {
            (Kind::Request, _) => asked.ask(&face, &event, &connection).await,
            (Kind::Notification, Some(method::CANCELLED)) => {
                let notice = face.questions().withdraw(&event, asked.call);
                notice.map(|notice| face.push(notice));
            }
            (Kind::Notification, Some(method::RESOURCES_UPDATED)) => drop(face.push(face.updated(&member, event))),
            (Kind::Notification, Some(name)) if method::is_list_changed(name) => {
                // What all share is followed for everyone.
                if relisting.is_some() {
                    has_changed_since = true;
                } else if member.is_dedicated() {
                    relisting = Some(relist(Arc::clone(&member), connection));
                }
            }
            (Kind::Notification, _) => drop(face.push(event)),
            (Kind::Response, _) => {}
        }
    }
}

/// The questions outside of calls, which end with the conversation.
struct Asked {
    face: Weak<Face>,
    /// By what they are told; 0 before the first.
    call: u64,
}

impl Asked {
    /// Asks the client; a server whose question finds no room is told so.
    async fn ask(&mut self, face: &Face, question: &Message, from: &Arc<dyn Connection>) {
        let asked = {
            let mut questions = face.questions();
            if self.call == 0 {
                self.call = questions.call();
            }
            questions.ask(question, self.call, from)
        };
        let Some(refused) = asked.and_then(|asked| face.push(asked)) else { return };
        let answer = refused.id().and_then(|id| {
            let answer = if question.is_method(method::ROOTS_LIST) {
                Message::response(&id, EMPTY_ROOTS)
            } else {
                let text = "the client has as many questions as it may";
                Message::error_response(Some(&id), code::INVALID_REQUEST, text, None)
            };
            face.questions().answer(&answer)
        });
        if let Some((to, answer)) = answer {
            // A server that is gone needs no answer.
            let _ = to.tell(answer, &Caller::proxy(Revision::LATEST_LEGACY)).await;
        }
    }
}

impl Drop for Asked {
    fn drop(&mut self) {
        if let Some(face) = self.face.upgrade().filter(|_| self.call != 0) {
            face.questions().forget(self.call);
        }
    }
}

/// The end of what is under way, if anything is.
async fn of<T>(under_way: &mut Option<BoxFuture<'static, T>>) -> T {
    match under_way {
        Some(future) => future.await,
        None => pending().await,
    }
}

/// Reads anew what the client's own instance of a server offers.
fn relist(member: Arc<dyn Member>, connection: Arc<dyn Connection>) -> BoxFuture<'static, Option<Listing>> {
    async move {
        let caller = Caller::proxy(Revision::LATEST_LEGACY);
        let source = Source { server: member.name(), connection: &connection, caller: &caller };
        Listing::read(&source, None, |_| {}).await.ok()
    }
    .boxed()
}

impl Face {
    /// The client's own instance of a server offers something else now.
    fn relisted(&self, member: &Arc<dyn Member>, listing: Listing) {
        let Some(hub) = self.hub.upgrade() else { return };
        let shared = hub.shared_listing(self.era, member);
        self.standing().offers(member, Arc::new(listing), shared.as_deref());
        self.announce();
    }

    /// A notice about a resource under the URI that the client knows.
    fn updated(&self, member: &Arc<dyn Member>, note: Message) -> Message {
        let Some(view) = self.view() else { return note };
        let Some(at) = view.member(member.name()) else { return note };
        let Some(place) = view.members[at].collides.then(|| uri_of_update(&note)).flatten() else { return note };
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
