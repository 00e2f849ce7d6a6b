//! Cancelling a call that another request of the same session asked for.

use std::{
    collections::HashMap,
    future::{Future, poll_fn},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll, Waker},
};

use mcp_jsonrpc::{Id, Message, field};
use mcp_protocol::CancelledParams;
use mcp_transport::Reply;

/// The calls of one session that are under way, by the ids their client gave them.
#[derive(Debug, Default)]
pub(super) struct Cancels(Mutex<HashMap<Id, Vec<Arc<Switch>>>>);

/// How a call learns that it is to end.
#[derive(Debug, Default)]
struct Switch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
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
    id: Id,
    switch: Arc<Switch>,
}

impl Cancels {
    /// Enters a call.
    pub(super) fn enter(self: &Arc<Self>, id: &Id) -> Cancellable {
        let switch = Arc::<Switch>::default();
        lock(&self.0).entry(id.clone()).or_default().push(Arc::clone(&switch));
        Cancellable { table: Arc::clone(self), id: id.clone(), switch }
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
        let switches: Vec<_> = lock(&self.0).values().flatten().map(Arc::clone).collect();
        for switch in switches {
            switch.flip(Some("the session has ended"), false);
        }
    }

    /// Ends the call of that id. An id that names several calls names none: clients that use one id for everything exist,
    /// and ending the wrong call is worse than ending none.
    fn cancel(&self, id: &Id, reason: Option<&str>) {
        let switch = match lock(&self.0).get(id).map(Vec::as_slice) {
            Some([only]) => Arc::clone(only),
            _ => return,
        };
        switch.flip(reason, true);
    }
}

impl Switch {
    fn flip(&self, reason: Option<&str>, by_client: bool) {
        let mut state = lock(&self.0);
        state.cancelled.get_or_insert_with(|| Cancelled { reason: reason.map(Box::from), by_client });
        let waker = state.waker.take();
        drop(state);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

impl Cancellable {
    /// Whether the call is to end; wakes the task when it is.
    pub(super) fn poll(&self, context: &Context<'_>) -> Option<Cancelled> {
        let mut state = lock(&self.switch.0);
        if state.cancelled.is_none() {
            state.waker = Some(context.waker().clone());
        }
        state.cancelled.clone()
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
        let mut table = lock(&self.table.0);
        let Some(calls) = table.get_mut(&self.id) else { return };
        calls.retain(|call| !Arc::ptr_eq(call, &self.switch));
        if calls.is_empty() {
            table.remove(&self.id);
        }
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
