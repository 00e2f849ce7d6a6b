//! What a shared server says outside of calls.

use std::sync::{Arc, Weak, atomic::Ordering};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message, quote};
use mcp_protocol::{EMPTY_ROOTS, Revision, code, method, resource_uri};
use mcp_transport::{Caller, Connection, Events, Request};
use tokio::{sync::Notify, time::timeout};

use super::Share;

/// Hands on the events of the main instance until it is closed.
pub(super) async fn run(share: Weak<Share>, unused: Arc<Notify>, mut events: Events) {
    loop {
        let event = tokio::select! {
            event = events.next() => match event {
                Some(event) => Some(event),
                None => return,
            },
            () = unused.notified() => None,
        };
        let Some(share) = share.upgrade() else { return };
        match event {
            Some(event) => handle(&share, event).await,
            // On its own, for the server may be slow to answer and events must not wait for that.
            None => drop(tokio::spawn(async move { unsubscribe(&share).await })),
        }
    }
}

/// Answers what a spare instance asks outside of its one call; its announcements are the main instance's too.
pub(super) async fn run_spare(instance: Weak<dyn Connection>, mut events: Events) {
    while let Some(event) = events.next().await {
        let Some(instance) = instance.upgrade() else { return };
        if event.kind() == Kind::Request {
            answer(&instance, &event).await;
        }
    }
}

async fn handle(share: &Share, event: Message) {
    match event.method() {
        _ if event.kind() == Kind::Request => {
            asked_in_vain(share, &event);
            answer(&share.upstream, &event).await;
        }
        Some(name) if method::is_list_changed(name) => share.announce(&event, |_, _| true),
        Some(method::RESOURCES_UPDATED) => match resource_uri(event.params().unwrap_or("{}")) {
            Ok(uri) => share.announce(&event, |state, face| state.subscriptions.hears(&uri, face)),
            Err(_) => share.lose(&event),
        },
        _ => share.lose(&event),
    }
}

/// A question that belongs to no one call. Roots have a harmless answer; for the rest there is nobody to ask.
async fn answer(instance: &Arc<dyn Connection>, question: &Message) {
    let Some(id) = question.id() else { return };
    let answer = if question.method() == Some(method::ROOTS_LIST) {
        Message::response(&id, EMPTY_ROOTS)
    } else {
        let text = "the proxy cannot tell which client this is for; it runs such calls alone from now on";
        Message::error_response(Some(&id), code::INVALID_REQUEST, text, None)
    };
    // A server that is gone needs no answer.
    let _ = instance.tell(answer, &Caller::proxy(Revision::LATEST_LEGACY)).await;
}

/// Notes that the server asks its clients while several calls are in flight.
fn asked_in_vain(share: &Share, question: &Message) {
    let during_calls = 0 < share.calls.load(Ordering::Relaxed);
    let is_harmless = question.method() == Some(method::ROOTS_LIST);
    if during_calls && !is_harmless && !share.interactive.swap(true, Ordering::Relaxed) {
        tracing::info!("the server asks its clients; calls of clients that can answer run alone from now on");
    }
}

/// Tells the server about subscriptions whose last client has left.
async fn unsubscribe(share: &Share) {
    let unused = std::mem::take(&mut share.state().unused);
    for uri in unused {
        let is_used = || share.state().subscriptions.has(&uri);
        if is_used() {
            continue;
        }
        ask(share, method::RESOURCES_UNSUBSCRIBE, &uri).await;
        if is_used() {
            // Somebody has come meanwhile, and which of the two requests the server heard last is not known.
            ask(share, method::RESOURCES_SUBSCRIBE, &uri).await;
        }
    }
}

/// Asks the server for something about a resource. What it answers is for nobody.
async fn ask(share: &Share, method: &str, uri: &str) {
    let params = format!("{{\"uri\":{}}}", quote(uri));
    let message = Message::request(&Id::from(0), method, Some(&params));
    if let Ok(request) = Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)) {
        let _ = timeout(share.patience, async { share.upstream.call(request).await.ok()?.response().await.ok() }).await;
    }
}
