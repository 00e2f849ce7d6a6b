use std::sync::atomic::{AtomicUsize, Ordering};

use futures::stream;
use mcp_jsonrpc::Id;
use mcp_protocol::Revision;

use super::*;

/// A connection whose calls all end in one way.
#[derive(Debug, Default)]
struct Ending {
    end: Mutex<End>,
    calls: AtomicUsize,
}

#[derive(Clone, Debug, Default)]
enum End {
    #[default]
    Answer,
    Refusal,
    Lost(Lost),
    NotSent(NotSent),
    Never,
}

type Layer = Guarded<Arc<Ending>>;

#[async_trait]
impl Connection for Ending {
    fn peer(&self) -> Arc<Peer> {
        unreachable!("nobody asks")
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        let id = Id::from(1);
        let end = self.end.lock().unwrap().clone();
        match end {
            End::Answer => Ok(Reply::ready(Message::response(&id, "{}"))),
            End::Refusal => Ok(Reply::ready(Message::error_response(Some(&id), -32602, "no such tool", None))),
            End::Lost(lost) => Ok(Reply::stream(stream::iter([Err(lost)]))),
            End::Never => Ok(Reply::stream(stream::pending())),
            End::NotSent(reason) => Err(SendError::new(request.into_parts().0, reason)),
        }
    }

    async fn tell(&self, _: Message, _: &Arc<Caller>) -> Result<(), SendError> {
        Ok(())
    }

    fn events(&self) -> Option<Events> {
        None
    }

    async fn closed(&self) -> Arc<Closed> {
        std::future::pending().await
    }

    async fn close(&self) {}
}

fn layer() -> Layer {
    let breaker = Breaker::new(BreakerOptions::default(), "lab".into(), Arc::default());
    Guarded::new(Arc::default(), Arc::new(breaker))
}

fn request(method: &str) -> Request {
    let message = Message::request(&Id::from(1), method, Some("{}"));
    Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).unwrap()
}

impl Layer {
    fn ends(&self, end: End) {
        *self.inner.end.lock().unwrap() = end;
    }

    /// Calls so many times, and reads what comes.
    async fn calls(&self, method: &str, times: usize) {
        for _ in 0..times {
            if let Ok(reply) = self.call(request(method)).await {
                let _ = reply.response().await;
            }
        }
    }

    fn heard(&self) -> usize {
        self.inner.calls.load(Ordering::Relaxed)
    }

    fn health(&self) -> &'static str {
        self.breaker.health().as_str()
    }
}

fn closed(reason: CloseReason) -> Arc<Closed> {
    Arc::new(Closed::new(reason))
}

fn connect(error: ConnectError) -> End {
    End::NotSent(NotSent::Connect(Arc::new(error)))
}

fn http(status: u16) -> ConnectError {
    ConnectError::Http { status, challenge: None }
}

fn lost(status: u16) -> End {
    End::Lost(Lost::Http { status, challenge: None, retry_after: None })
}

#[tokio::test(start_paused = true)]
async fn what_a_server_is_to_blame_for_opens_it() {
    for end in [
        End::Lost(Lost::Timeout { after: Duration::from_secs(1) }),
        End::Lost(Lost::Exited(closed(CloseReason::Killed(9)))),
        End::Lost(Lost::Unread(closed(CloseReason::Ended))),
        End::Lost(Lost::NotMcp),
        lost(500),
        lost(503),
        End::NotSent(NotSent::Closed(closed(CloseReason::Exited(1)))),
        connect(ConnectError::NotMcp),
        connect(ConnectError::Timeout { after: Duration::from_secs(1), stderr: Vec::new() }),
        connect(http(502)),
    ] {
        let layer = layer();
        layer.ends(end.clone());
        layer.calls(method::TOOLS_CALL, 4).await;
        assert_eq!(layer.health(), "failing", "{end:?}");
        layer.calls(method::TOOLS_LIST, 3).await;
        assert_eq!((layer.health(), layer.heard()), ("open", 5), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_it_is_not_to_blame_for_does_not() {
    for end in [
        End::Refusal,
        End::Lost(Lost::Cancelled),
        End::Lost(Lost::Overloaded),
        End::Lost(Lost::ShuttingDown),
        End::Lost(Lost::TooLarge { limit: 1 }),
        End::Lost(Lost::Exited(closed(CloseReason::Requested))),
        lost(401),
        lost(429),
        End::NotSent(NotSent::Busy("full")),
        End::NotSent(NotSent::Forgotten),
        End::NotSent(NotSent::Closed(closed(CloseReason::Requested))),
        connect(ConnectError::Busy("full")),
        connect(http(403)),
    ] {
        let layer = layer();
        layer.ends(end.clone());
        layer.calls(method::TOOLS_CALL, 9).await;
        assert_eq!((layer.health(), layer.heard()), ("healthy", 9), "{end:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn who_gives_up_says_nothing_of_the_server() {
    let layer = layer();
    layer.ends(End::Never);
    for _ in 0..9 {
        drop(layer.call(request(method::TOOLS_CALL)).await.unwrap());
    }
    layer.call(request(method::TOOLS_CALL)).await.unwrap().cancel(None);
    assert_eq!(layer.health(), "healthy");
}

#[tokio::test(start_paused = true)]
async fn long_lived_calls_and_pings_neither_count_nor_are_refused() {
    for method in [method::SUBSCRIPTIONS_LISTEN, method::TASKS_RESULT, method::PING] {
        let layer = layer();
        layer.ends(End::Lost(Lost::NotMcp));
        layer.calls(method, 9).await;
        assert_eq!(layer.health(), "healthy");
        layer.calls(method::TOOLS_CALL, 5).await;
        assert_eq!(layer.health(), "open");
        layer.ends(End::Answer);
        layer.calls(method, 2).await;
        assert_eq!((layer.health(), layer.heard()), ("open", 16));
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_call_comes_back_with_the_time_to_wait() {
    let layer = layer();
    layer.ends(End::Lost(Lost::NotMcp));
    layer.calls(method::TOOLS_CALL, 5).await;
    tokio::time::advance(Duration::from_millis(2_500)).await;
    let error = layer.call(request(method::TOOLS_CALL)).await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Resting { seconds: 8 }), "{error}");
    assert!(error.to_string().contains("try again in 8 s"), "{error}");
    assert_eq!(error.message.id(), Some(Id::from(1)), "the message comes back");
}

#[tokio::test(start_paused = true)]
async fn a_good_answer_after_the_pause_closes_it_and_a_hand_does_so_before() {
    let layer = layer();
    let mut changes = layer.breaker.changes.watch();
    layer.ends(End::Lost(Lost::NotMcp));
    layer.calls(method::TOOLS_CALL, 5).await;
    assert!(changes.has_changed().unwrap());
    changes.mark_unchanged();
    let wall = SystemTime::now();
    let Health::Open { until } = layer.breaker.health() else { panic!("{:?}", layer.breaker.health()) };
    assert!(wall < until && until <= wall + Duration::from_secs(10));
    layer.ends(End::Answer);
    tokio::time::advance(Duration::from_secs(10)).await;
    assert_eq!(layer.health(), "probing");
    layer.calls(method::TOOLS_CALL, 1).await;
    assert_eq!(layer.health(), "healthy");
    assert!(changes.has_changed().unwrap());
    layer.ends(End::Lost(Lost::NotMcp));
    layer.calls(method::TOOLS_CALL, 5).await;
    changes.mark_unchanged();
    layer.breaker.reset();
    assert_eq!(layer.health(), "healthy");
    assert!(changes.has_changed().unwrap());
}
