//! Cancelling a call that another request of the same session asked for.

use std::{
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use mcp_jsonrpc::{Id, Message, field};
use mcp_protocol::CancelledParams;
use mcp_transport::Reply;
use slab::Slab;

/// The calls of one session that are under way. Calls are many and cancellations few, so a call is found by a look at all of
/// them, which a session has a bounded number of.
#[derive(Debug, Default)]
pub(super) struct Cancels(Mutex<Slab<Switch>>);

/// How a call learns that it is to end.
#[derive(Debug)]
struct Switch {
    /// What its client calls it.
    id: Id,
    cancelled: Option<Cancelled>,
    waker: Option<Waker>,
}

/// A call is to end before its response has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Cancelled {
    /// Why, in the words of who wants it.
    pub(super) reason: Option<Box<str>>,
    /// Whether that is its client, who then wants no response (2025-11-25, cancellation).
    pub(super) by_client: bool,
}

/// A call's entry in the table, for as long as it is under way.
#[derive(Debug)]
pub(super) struct Cancellable {
    table: Arc<Cancels>,
    at: usize,
}

impl Cancels {
    /// Enters a call.
    pub(super) fn enter(self: &Arc<Self>, id: &Id) -> Cancellable {
        let at = lock(&self.0).insert(Switch { id: id.clone(), cancelled: None, waker: None });
        Cancellable { table: Arc::clone(self), at }
    }

    /// Ends the call that a client's notice names.
    pub(super) fn cancel_by(&self, notice: &Message) {
        let Ok(cancelled) = CancelledParams::read(notice.params().unwrap_or("{}")) else { return };
        if let Some(id) = &cancelled.request_id {
            self.cancel(id, cancelled.reason.and_then(field::unescape).as_deref());
        }
    }

    /// Ends all calls, with their session.
    pub(super) fn cancel_all(&self) {
        let flip = |(_, switch): (usize, &mut Switch)| switch.flip(Some("the session has ended"), false);
        let wakers: Vec<_> = lock(&self.0).iter_mut().filter_map(flip).collect();
        wakers.into_iter().for_each(Waker::wake);
    }

    /// Ends the call of that id. An id that names several calls names none: clients that use one id for everything exist,
    /// and ending the wrong call is worse than ending none.
    fn cancel(&self, id: &Id, reason: Option<&str>) {
        let mut table = lock(&self.0);
        let mut named = table.iter_mut().filter(|(_, switch)| switch.id == *id);
        let (Some((_, only)), None) = (named.next(), named.next()) else { return };
        let waker = only.flip(reason, true);
        drop(table);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Switch {
    /// Notes that the call is to end; gives whom to wake.
    fn flip(&mut self, reason: Option<&str>, by_client: bool) -> Option<Waker> {
        self.cancelled.get_or_insert_with(|| Cancelled { reason: reason.map(Box::from), by_client });
        self.waker.take()
    }
}

impl Cancellable {
    /// Whether the call is to end; wakes the task when it is.
    pub(super) fn poll(&self, context: &Context<'_>) -> Option<Cancelled> {
        let mut table = lock(&self.table.0);
        let switch = table.get_mut(self.at)?;
        if switch.cancelled.is_none() {
            match &mut switch.waker {
                Some(waker) => waker.clone_from(context.waker()),
                none => *none = Some(context.waker().clone()),
            }
        }
        switch.cancelled.clone()
    }

    /// Waits until the call is to end.
    async fn flipped(&self) {
        poll_fn(|context| if self.poll(context).is_some() { Poll::Ready(()) } else { Poll::Pending }).await;
    }

    /// What a call says once it has begun. A server may take all of a call's time to begin; one that is cancelled meanwhile is
    /// dropped, which tells the server, and what is left is a call that knows that it was cancelled.
    pub(super) async fn beginning<E>(&self, call: impl Future<Output = Result<Reply, E>>) -> Result<Reply, E> {
        tokio::select! {
            biased;
            begun = call => begun,
            () = self.flipped() => Ok(Reply::stream(futures::stream::pending())),
        }
    }
}

impl Drop for Cancellable {
    fn drop(&mut self) {
        lock(&self.table.0).try_remove(self.at);
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_cancelled(call: &Cancellable) -> bool {
        call.poll(&Context::from_waker(Waker::noop())).is_some()
    }

    #[test]
    fn the_call_of_that_id_ends_and_no_other() {
        let table = Arc::<Cancels>::default();
        let (one, two) = (table.enter(&Id::from(1)), table.enter(&Id::from(2)));
        table.cancel(&Id::from(1), Some("bored"));
        assert_eq!(
            one.poll(&Context::from_waker(Waker::noop())),
            Some(Cancelled { reason: Some("bored".into()), by_client: true })
        );
        assert!(!is_cancelled(&two));
        table.cancel(&Id::parse("\"2\"").unwrap(), None);
        assert!(!is_cancelled(&two), "another id");
    }

    #[test]
    fn an_id_of_two_calls_names_neither() {
        let table = Arc::<Cancels>::default();
        let (one, two) = (table.enter(&Id::from(1)), table.enter(&Id::from(1)));
        table.cancel(&Id::from(1), None);
        assert!(!is_cancelled(&one) && !is_cancelled(&two));
        drop(two);
        table.cancel(&Id::from(1), None);
        assert!(is_cancelled(&one), "until it names one");
    }

    #[test]
    fn a_notice_names_the_call_and_says_why() {
        let table = Arc::<Cancels>::default();
        let call = table.enter(&Id::from(1));
        let params = r#"{"requestId":1,"reason":"too \"slow\""}"#;
        table.cancel_by(&Message::notification("x", Some(params)));
        let reason = call.poll(&Context::from_waker(Waker::noop())).unwrap().reason;
        assert_eq!(reason.as_deref(), Some("too \"slow\""));
    }

    #[test]
    fn all_end_with_their_session() {
        let table = Arc::<Cancels>::default();
        let calls = [table.enter(&Id::from(1)), table.enter(&Id::from(1)), table.enter(&Id::from(2))];
        table.cancel_all();
        assert!(calls.iter().all(is_cancelled));
    }

    #[test]
    fn calls_that_are_over_leave_nothing() {
        let table = Arc::<Cancels>::default();
        drop(table.enter(&Id::from(1)));
        assert!(lock(&table.0).is_empty());
        table.cancel(&Id::from(1), None);
    }

    #[tokio::test]
    async fn a_call_that_its_server_lets_wait_ends_with_its_cancellation_and_not_before() {
        let table = Arc::<Cancels>::default();
        let call = table.enter(&Id::from(1));
        let never = || std::future::pending::<Result<Reply, ()>>();
        let mut waiting = std::pin::pin!(call.beginning(never()));
        assert!(futures::poll!(&mut waiting).is_pending());
        table.cancel(&Id::from(1), Some("bored"));
        assert!(waiting.await.is_ok() && is_cancelled(&call));
    }
}
