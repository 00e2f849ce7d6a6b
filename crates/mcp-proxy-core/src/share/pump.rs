//! What a shared server says outside of calls.

use std::sync::{Arc, Weak, atomic::Ordering};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message, quote};
use mcp_protocol::{
    EMPTY_ROOTS, Revision, ServerCapabilities, ServerCapability, code, level_of, method, related_task_path,
    resource_uri,
};
use mcp_transport::{Caller, Connection, Events, Request};
use tokio::{
    sync::{Notify, watch},
    time::timeout,
};

use super::{Share, face::set_level};

/// Hands on the events of the main instance until it is closed.
pub(super) async fn run(
    share: Weak<Share>,
    unused: Arc<Notify>,
    mut generations: watch::Receiver<u64>,
    mut events: Events,
) {
    loop {
        let chore = tokio::select! {
            event = events.next() => match event {
                Some(event) => Chore::Event(event),
                None => return,
            },
            () = unused.notified() => Chore::Unsubscribe,
            Ok(()) = generations.changed() => Chore::Restore,
        };
        let Some(share) = share.upgrade() else { return };
        // What waits for the server runs on its own: it may be slow, and events must not wait for that.
        match chore {
            Chore::Event(event) => handle(&share, event).await,
            Chore::Unsubscribe => drop(tokio::spawn(async move { unsubscribe(&share).await })),
            Chore::Restore if *generations.borrow_and_update() < 2 => {}
            Chore::Restore => {
                share.tool_headers.outdate();
                drop(tokio::spawn(async move { restore(&share).await }));
            }
        }
    }
}

enum Chore {
    Event(Message),
    Unsubscribe,
    Restore,
}

/// Tells a server that was started again what the one before it knew, and the clients that anything may have changed.
async fn restore(share: &Share) {
    let (uris, level) = {
        let mut state = share.state();
        (state.subscriptions.renew(), state.levels.renew())
    };
    for uri in uris {
        if ask(share, method::RESOURCES_SUBSCRIBE, &uri).await.is_some_and(|answer| !answer.is_error()) {
            share.state().subscriptions.confirm(&uri);
        }
    }
    if let Some(level) = level {
        let proxy = Caller::proxy(Revision::LATEST_LEGACY);
        let answer = timeout(share.patience, set_level(&share.upstream, level, &proxy)).await.ok().flatten();
        if answer.is_some_and(|answer| !answer.is_error()) {
            share.state().levels.confirm(level);
        }
    }
    let able = ServerCapabilities::read(share.upstream.peer().capabilities()).unwrap_or_default();
    for (capability, changed) in [
        (ServerCapability::ToolsListChanged, method::TOOLS_LIST_CHANGED),
        (ServerCapability::PromptsListChanged, method::PROMPTS_LIST_CHANGED),
        (ServerCapability::ResourcesListChanged, method::RESOURCES_LIST_CHANGED),
    ] {
        if able.has(capability) {
            share.announce(&Message::notification(changed, None), |_, _| true);
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
            // Whatever stream it came on: it can belong to nobody else.
            let is_of_task = event.value(&related_task_path("params")).is_some();
            let is_theirs = !is_of_task && share.only_occupant().is_some_and(|face| face.aside().put(event.clone()));
            if !is_theirs {
                asked_in_vain(share, &event);
                answer(&share.upstream, &event).await;
            }
        }
        Some(method::ELICITATION_COMPLETE) => share.elicitation_complete(event),
        Some(name) if method::is_list_changed(name) => {
            if name == method::TOOLS_LIST_CHANGED {
                share.tool_headers.outdate();
            }
            share.announce(&event, |_, _| true);
        }
        Some(method::RESOURCES_UPDATED) => match resource_uri(event.params().unwrap_or("{}")) {
            Ok(uri) => share.announce(&event, |state, face| state.subscriptions.hears(&uri, face)),
            Err(_) => share.lose(&event),
        },
        Some(method::MESSAGE) if share.options.broadcasts_logs => {
            let level = level_of(event.params().unwrap_or("{}")).ok();
            share.announce(&event, |state, face| level.is_none_or(|level| state.levels.hears(face, level)));
        }
        _ => share.lose(&event),
    }
}

/// A question that belongs to no one call. Roots have a harmless answer; for the rest there is nobody to ask.
pub(super) async fn answer(instance: &Arc<dyn Connection>, question: &Message) {
    let Some(id) = question.id() else { return };
    let answer = if question.is_method(method::ROOTS_LIST) {
        Message::response(&id, EMPTY_ROOTS)
    } else {
        let text = "the proxy cannot tell which client this is for";
        Message::error_response(Some(&id), code::INVALID_REQUEST, text, None)
    };
    // A server that is gone needs no answer.
    let _ = instance.tell(answer, &Caller::proxy(Revision::LATEST_LEGACY)).await;
}

/// Notes that the server asks its clients while several calls are in flight.
fn asked_in_vain(share: &Share, question: &Message) {
    let during_calls = 0 < share.calls.load(Ordering::Relaxed);
    // One that names its task would have found its call on another instance as little.
    let is_harmless = question.is_method(method::ROOTS_LIST) || question.value(&related_task_path("params")).is_some();
    if during_calls && !is_harmless {
        share.runs_alone_from_now_on();
    }
}

/// Tells the server about subscriptions whose last client has left.
async fn unsubscribe(share: &Share) {
    let unused = std::mem::take(&mut share.state().unused);
    if share.supervised.state().borrow().state != mcp_supervisor::State::Running {
        // The next one is not told in the first place.
        return;
    }
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

/// Asks the server for something about a resource, for no client in particular.
async fn ask(share: &Share, method: &str, uri: &str) -> Option<Message> {
    let params = format!("{{\"uri\":{}}}", quote(uri));
    let message = Message::request(&Id::from(0), method, Some(&params));
    let request = Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).ok()?;
    let answering = async { share.upstream.call(request).await.ok()?.response().await.ok() };
    timeout(share.patience, answering).await.ok()?
}
