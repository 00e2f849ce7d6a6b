use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use futures::{FutureExt, StreamExt};
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Revision, method};
use mcp_transport::{ConnectError, Memory, Request};
use tokio::time::sleep;

use super::*;

/// Reaches servers that answer with their number, and counts those alive. `x/leave` makes a server leave.
#[derive(Debug)]
struct Servers {
    memory: Memory,
    alive: Arc<()>,
    failures: AtomicUsize,
}

impl Servers {
    fn new() -> Arc<Self> {
        let (alive, count) = (Arc::new(()), AtomicUsize::new(0));
        let life = Arc::clone(&alive);
        let memory = Memory::new(move |mut end| {
            let (life, number) = (Arc::clone(&life), count.fetch_add(1, Ordering::Relaxed) + 1);
            async move {
                while let Some(message) = end.next().await {
                    match (message.method(), message.id()) {
                        (Some("x/leave"), _) => break,
                        (Some("x/hang"), _) | (_, None) => {}
                        (_, Some(id)) => end.send(Message::response(&id, &number.to_string())).await,
                    }
                }
                drop(life);
            }
        });
        Arc::new(Self { memory, alive, failures: AtomicUsize::new(0) })
    }

    fn alive(&self) -> usize {
        Arc::strong_count(&self.alive) - 2
    }
}

#[async_trait]
impl Transport for Servers {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        if self.failures.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok() {
            return Err(ConnectError::NotMcp);
        }
        self.memory.connect(caller).await
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

fn leases(servers: &Arc<Servers>, instances: usize) -> Arc<Leases> {
    Leases::new(Arc::clone(servers) as Arc<dyn Transport>, caller(), instances)
}

fn caller() -> Arc<Caller> {
    Caller::proxy(Revision::LATEST_LEGACY)
}

fn request(method: &str) -> Request {
    Request::new(Message::request(&Id::from(1), method, None), caller()).unwrap()
}

/// Which instance it is.
async fn number(lease: &Lease) -> String {
    let reply = lease.connection().call(request(method::TOOLS_LIST)).await.unwrap();
    reply.response().await.unwrap().result().unwrap().to_owned()
}

#[tokio::test(start_paused = true)]
async fn an_instance_has_one_holder_and_is_lent_again() {
    let servers = Servers::new();
    let leases = leases(&servers, 4);
    let (one, two) = (leases.lease(PATIENCE).await.unwrap(), leases.lease(PATIENCE).await.unwrap());
    assert_eq!((&*number(&one).await, &*number(&two).await), ("1", "2"));
    drop(one);
    let again = leases.lease(PATIENCE).await.unwrap();
    assert_eq!(number(&again).await, "1");
    assert_eq!(servers.alive(), 2);
}

#[tokio::test(start_paused = true)]
async fn there_are_as_many_as_the_limit_and_one_more_has_to_wait() {
    let servers = Servers::new();
    let leases = leases(&servers, 2);
    let one = leases.lease(PATIENCE).await.unwrap();
    let two = leases.lease(PATIENCE).await.unwrap();
    let before = Instant::now();
    assert!(matches!(leases.lease(PATIENCE).await.unwrap_err(), NotSent::Busy(_)));
    assert_eq!(before.elapsed(), PATIENCE);
    let (third, ()) = tokio::join!(leases.lease(PATIENCE), async {
        sleep(PATIENCE / 2).await;
        drop(two);
    });
    assert!(third.is_ok());
    assert_eq!(servers.alive(), 2);
    drop(one);
}

#[tokio::test(start_paused = true)]
async fn first_come_first_served() {
    let servers = Servers::new();
    let leases = leases(&servers, 1);
    let held = leases.lease(PATIENCE).await.unwrap();
    let order = Mutex::new(Vec::new());
    let waiter = |name: &'static str| {
        let (leases, order) = (&leases, &order);
        async move {
            let lease = leases.lease(PATIENCE).await.unwrap();
            order.lock().unwrap().push(name);
            drop(lease);
        }
    };
    tokio::join!(waiter("a"), waiter("b"), waiter("c"), async {
        sleep(PATIENCE / 2).await;
        drop(held);
        // Late, and in a hurry: everyone else was here first.
        assert!(leases.lease(Duration::ZERO).await.is_err());
    });
    assert_eq!(*order.lock().unwrap(), ["a", "b", "c"]);
}

#[tokio::test(start_paused = true)]
async fn an_instance_idle_for_a_minute_is_closed() {
    let servers = Servers::new();
    let leases = leases(&servers, 4);
    let (one, two) = (leases.lease(PATIENCE).await.unwrap(), leases.lease(PATIENCE).await.unwrap());
    drop(one);
    sleep(Duration::from_secs(30)).await;
    drop(two);
    sleep(Duration::from_millis(29_990)).await;
    assert_eq!(servers.alive(), 2);
    sleep(Duration::from_millis(20)).await;
    assert_eq!(servers.alive(), 1, "the first has been idle for a minute");
    sleep(Duration::from_secs(30)).await;
    assert_eq!(servers.alive(), 0);
    assert!(!leases.pool.spare().swept, "with nothing idle there is nothing to watch");
    let fresh = leases.lease(PATIENCE).await.unwrap();
    assert_eq!(number(&fresh).await, "3");
    drop(fresh);
    sleep(Duration::from_secs(61)).await;
    assert_eq!(servers.alive(), 0, "watched again");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_ended_is_forgotten_lent_or_idle() {
    let servers = Servers::new();
    let leases = leases(&servers, 1);
    let lease = leases.lease(PATIENCE).await.unwrap();
    lease.connection().tell(Message::notification("x/leave", None), &caller()).await.unwrap();
    lease.connection().closed().await;
    drop(lease);
    let lease = leases.lease(PATIENCE).await.unwrap();
    assert_eq!(number(&lease).await, "2");
    let connection = Arc::clone(lease.connection());
    drop(lease);
    connection.tell(Message::notification("x/leave", None), &caller()).await.unwrap();
    connection.closed().await;
    assert_eq!(number(&leases.lease(PATIENCE).await.unwrap()).await, "3");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_may_still_work_is_not_lent_again() {
    let servers = Servers::new();
    let leases = leases(&servers, 1);
    // The call is dropped, cancelled, or still open when the lease ends.
    for (life, way) in ["1", "2", "3"].into_iter().zip(0..) {
        let lease = leases.lease(PATIENCE).await.unwrap();
        assert_eq!(number(&lease).await, life);
        let reply = lease.connection().call(request("x/hang")).await.unwrap();
        match way {
            0 => drop(reply.holding(lease)),
            1 => reply.holding(lease).cancel(Some("enough")),
            _ => {
                drop(lease);
                reply.response().await.unwrap_err();
            }
        }
    }
    assert_eq!(number(&leases.lease(PATIENCE).await.unwrap()).await, "4");
    assert_eq!(servers.alive(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_lease_held_by_a_reply_comes_back_with_the_response() {
    let servers = Servers::new();
    let leases = leases(&servers, 1);
    let lease = leases.lease(PATIENCE).await.unwrap();
    let reply = lease.connection().call(request(method::TOOLS_LIST)).await.unwrap().holding(lease);
    reply.response().await.unwrap();
    assert_eq!(number(&leases.lease(Duration::ZERO).await.unwrap()).await, "1");
}

#[tokio::test(start_paused = true)]
async fn an_instance_that_cannot_be_had_gives_its_place_back() {
    let servers = Servers::new();
    servers.failures.store(1, Ordering::Relaxed);
    let leases = leases(&servers, 1);
    let refused = leases.lease(PATIENCE).await.unwrap_err();
    assert!(matches!(refused, NotSent::Connect(error) if matches!(*error, ConnectError::NotMcp)));
    assert!(leases.lease(Duration::ZERO).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_close_ends_all_lent_and_idle_and_those_who_wait() {
    let servers = Servers::new();
    let leases = leases(&servers, 2);
    let (lent, idle) = (leases.lease(PATIENCE).await.unwrap(), leases.lease(PATIENCE).await.unwrap());
    drop(idle);
    let other = leases.lease(PATIENCE).await.unwrap();
    let mut waiting = Box::pin(leases.lease(PATIENCE));
    assert!(waiting.as_mut().now_or_never().is_none());
    drop(other);
    leases.close().await;
    assert!(lent.connection().closed().now_or_never().is_some());
    drop(lent);
    assert!(matches!(waiting.await.unwrap_err(), NotSent::Closed(_)));
    assert!(matches!(leases.lease(PATIENCE).await.unwrap_err(), NotSent::Closed(_)));
    tokio::task::yield_now().await;
    assert_eq!(servers.alive(), 0);
}

#[tokio::test(start_paused = true)]
async fn without_leases_instances_end_as_they_come_back() {
    let servers = Servers::new();
    let leases = leases(&servers, 2);
    let (lent, idle) = (leases.lease(PATIENCE).await.unwrap(), leases.lease(PATIENCE).await.unwrap());
    drop(idle);
    drop(leases);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(servers.alive(), 1);
    assert_eq!(number(&lent).await, "1");
    drop(lent);
    sleep(Duration::from_millis(1)).await;
    assert_eq!(servers.alive(), 0);
}
