use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use mcp_jsonrpc::Id;
use mcp_transport::{Caller, CloseReason, ConnectError, Connection, Events, Peer, Transport};

use super::*;
use crate::{
    Supervised,
    scripted::{ask, request, supervised},
};

/// A server that was gone before it had read the first calls.
#[derive(Debug, Default)]
struct Gone {
    unread: usize,
    /// Whether each lost call was heard of before.
    told: bool,
    calls: Arc<AtomicUsize>,
}

#[async_trait]
impl Transport for Gone {
    async fn connect(&self, _: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        Ok(Arc::new(Self { unread: self.unread, told: self.told, calls: Arc::clone(&self.calls) }))
    }
}

#[async_trait]
impl Connection for Gone {
    fn peer(&self) -> Arc<Peer> {
        Arc::new(Peer::unknown())
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        let id = request.message().id().unwrap_or(Id::from(0));
        if self.unread <= self.calls.fetch_add(1, Ordering::Relaxed) {
            return Ok(Reply::ready(Message::response(&id, &id.as_u64().unwrap_or_default().to_string())));
        }
        let note = self.told.then(|| Ok(Message::notification("x/note", None)));
        let lost = Lost::Unread(Arc::new(Closed::new(CloseReason::Killed(9))));
        Ok(Reply::stream(futures::stream::iter(note.into_iter().chain([Err(lost)]))))
    }

    async fn tell(&self, _: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        None
    }

    async fn closed(&self) -> Arc<Closed> {
        futures::future::pending().await
    }

    async fn close(&self) {}
}

/// Why a call has no answer.
async fn lost(supervised: &Supervised) -> Lost {
    supervised.call(request(7)).await.unwrap().response().await.unwrap_err()
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_not_read_is_made_once_more() {
    let transport = Arc::new(Gone { unread: 1, ..Gone::default() });
    let supervised = supervised(&transport);
    assert_eq!(ask(&supervised, 7).await.unwrap(), "7");
    assert_eq!(transport.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_is_not_made_a_third_time() {
    let transport = Arc::new(Gone { unread: 2, ..Gone::default() });
    let lost = lost(&supervised(&transport)).await;
    assert!(matches!(lost, Lost::Unread(_) | Lost::Exited(_)), "{lost:?}");
    assert_eq!(transport.calls.load(Ordering::Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn a_call_that_was_heard_of_is_lost() {
    let transport = Arc::new(Gone { unread: 1, told: true, ..Gone::default() });
    lost(&supervised(&transport)).await;
    assert_eq!(transport.calls.load(Ordering::Relaxed), 1);
}
