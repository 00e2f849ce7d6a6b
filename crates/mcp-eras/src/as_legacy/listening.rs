//! The one stream of changes that stands for all that a legacy client listens to.

use std::{collections::HashSet, future::pending, sync::Arc, time::Duration};

use futures::{FutureExt, StreamExt, future::BoxFuture};
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{SubscriptionFilter, code, listen_params, meta, method, resource_uri};
use mcp_transport::{Lost, Reply, Request};
use tokio::time::{Instant, sleep_until, timeout};

use super::{
    members::{self, Edits},
    session::Session,
};

/// A stream that the server has acknowledged.
struct Open {
    reply: Reply,
    filter: SubscriptionFilter,
}

/// Why there is no stream.
enum Refused {
    /// The server does not know such streams.
    Unknown,
    /// This time.
    Now,
}

/// When to try again.
struct Backoff {
    wait: Duration,
    until: Option<Instant>,
}

/// How long a server may take to acknowledge a stream.
const PATIENCE: Duration = Duration::from_secs(30);
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(30);

/// Listens for what the client wants, until that is nothing or the conversation with the server is over.
///
/// When something else is wanted, a new stream is opened and acknowledged before the old one is closed, so that nothing
/// goes by unheard. What went by while there was no stream is not known; the client is told to look at everything then.
pub(super) async fn run(session: Arc<Session>) {
    let modern = Arc::clone(&session.modern);
    let mut closed = modern.closed();
    let mut open: Option<Open> = None;
    let mut opening: Option<(u64, BoxFuture<'static, Result<Open, Refused>>)> = None;
    let mut backoff = Backoff { wait: FIRST_WAIT, until: None };
    let mut has_missed = false;
    while let Some((change, wanted)) = session.wanted() {
        if open.as_ref().is_some_and(|open| open.filter == wanted) {
            session.settle(change);
        } else if opening.is_none() && backoff.until.is_none() {
            opening = Some((change, listen(Arc::clone(&session), wanted).boxed()));
        } else if opening.is_none() {
            // Whoever waits for this is not kept: it is tried again as soon as the server may be tried again.
            session.settle(change);
        }
        tokio::select! {
            biased;
            closed = &mut closed => return session.end(closed),
            () = session.changed.notified() => {}
            opened = async { match &mut opening {
                Some((_, opening)) => opening.await,
                None => pending().await,
            }} => {
                let change = opening.take().map_or(0, |(change, _)| change);
                match opened {
                    Ok(mut new) => {
                        swap(&session, open.take(), &mut new);
                        if std::mem::take(&mut has_missed) {
                            announce(&session, &new.filter);
                        }
                        open = Some(new);
                        backoff.wait = FIRST_WAIT;
                    }
                    Err(Refused::Unknown) => {
                        has_missed = true;
                        backoff.wait = LONGEST_WAIT;
                        backoff.begin();
                    }
                    Err(Refused::Now) => {
                        has_missed = true;
                        backoff.begin();
                    }
                }
                session.settle(change);
            }
            message = async { match &mut open {
                Some(open) => open.reply.next().await,
                None => pending().await,
            }} => if !open.as_ref().is_some_and(|open| is_heard(&session, open, message)) {
                open = None;
                has_missed = true;
                backoff.begin();
            },
            () = async { match backoff.until {
                Some(until) => sleep_until(until).await,
                None => pending().await,
            }} => backoff.until = None,
        }
    }
}

/// Opens a stream, and waits until the server has acknowledged it.
async fn listen(session: Arc<Session>, filter: SubscriptionFilter) -> Result<Open, Refused> {
    let params = listen_params(&filter, &session.envelope(None));
    let message = Message::request(&Id::from(session.number()), method::SUBSCRIPTIONS_LISTEN, Some(&params));
    let request = Request::new(message, Arc::clone(session.caller())).map_err(|_| Refused::Unknown)?;
    let mut reply = session.modern.call(request).await.map_err(|_| Refused::Now)?;
    let acknowledged = async {
        while let Some(Ok(message)) = reply.next().await {
            if message.is_method(method::SUBSCRIPTIONS_ACKNOWLEDGED) {
                return Ok(());
            }
            if code::of(&message) == Some(code::METHOD_NOT_FOUND) {
                return Err(Refused::Unknown);
            }
        }
        Err(Refused::Now)
    };
    timeout(PATIENCE, acknowledged).await.map_err(|_| Refused::Now)??;
    Ok(Open { reply, filter })
}

/// Puts a new stream into the place of an old one.
fn swap(session: &Session, old: Option<Open>, new: &mut Open) {
    let Some(mut old) = old else { return };
    let mut told = HashSet::new();
    while let Some(Some(Ok(note))) = old.reply.next().now_or_never() {
        if let Some(note) = seen(session, &old.filter, &note) {
            told.insert(text(&note));
            session.push(note);
        }
    }
    // While both are open each of them tells of the same changes. What was told just now is told after them all.
    while let Some(Some(Ok(note))) = new.reply.next().now_or_never() {
        if let Some(note) = seen(session, &new.filter, &note).filter(|note| !told.contains(&text(note))) {
            session.push(note);
        }
    }
}

/// Hands a message of a stream on; says whether the stream goes on.
fn is_heard(session: &Session, open: &Open, message: Option<Result<Message, Lost>>) -> bool {
    let Some(Ok(message)) = message else { return false };
    if message.kind() == Kind::Response || message.is_method(method::CANCELLED) {
        return false;
    }
    if let Some(note) = seen(session, &open.filter, &message) {
        session.push(note);
    }
    true
}

/// A note of a stream as the client is to see it; `None` if it did not ask for it.
fn seen(session: &Session, filter: &SubscriptionFilter, note: &Message) -> Option<Message> {
    let name = note.method().filter(|name| filter.wants(name))?;
    if name == method::RESOURCES_UPDATED {
        // Below a URI that was asked for there may be others, and only the server knows them.
        let uri = resource_uri(note.params().unwrap_or("{}")).ok()?;
        let was_asked_for = filter.resource_subscriptions.iter().any(|asked| *asked == uri);
        if was_asked_for && !session.is_subscribed(&uri) {
            return None;
        }
    }
    Some(without_stream(note))
}

/// A note without the name of the stream that it came on.
fn without_stream(note: &Message) -> Message {
    let (Some(params), Ok(Some(place)), Ok(Some(at))) =
        (note.params(), note.find(&["params"]), note.find(&["params", meta::META]))
    else {
        return note.clone();
    };
    let held = &params[at.start - place.start..at.end - place.start];
    let inner = members::of(held);
    let is_stream = |name: &str| name == meta::SUBSCRIPTION_ID;
    let mut edits = Edits::default();
    if inner.iter().all(|member| members::is(held, member, is_stream)) {
        edits.remove_members(params, &members::of(params), place.start, |name| name == meta::META);
    } else {
        edits.remove_members(held, &inner, at.start, is_stream);
    }
    edits.apply(note)
}

/// Tells the client that any of the lists may have changed.
fn announce(session: &Session, filter: &SubscriptionFilter) {
    for name in [method::TOOLS_LIST_CHANGED, method::PROMPTS_LIST_CHANGED, method::RESOURCES_LIST_CHANGED] {
        if filter.wants(name) {
            session.push(Message::notification(name, None));
        }
    }
}

fn text(note: &Message) -> (String, String) {
    (note.method().unwrap_or_default().to_owned(), note.params().unwrap_or_default().to_owned())
}

impl Backoff {
    /// Waits from now on, and longer the next time.
    fn begin(&mut self) {
        self.until = Some(Instant::now() + self.wait);
        self.wait = (self.wait * 2).min(LONGEST_WAIT);
    }
}
