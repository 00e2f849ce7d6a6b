//! Services beside the proxy's own paths.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use bytes::Bytes;
use futures::{StreamExt, stream};
use http::{Method, Request, Response};
use http_body::Frame;
use http_body_util::{BodyExt, Full, StreamBody};
use mcp_proxy_core::{Limits, Proxy, Service, ServiceBody, transport::Principal};
use mcp_testkit::Script;
use tokio::time::{sleep, timeout};

use crate::client::{Client, ask, get, legacy, post};

/// A service that says what it was asked; under `…/endless` it goes on for ever, under `…/slow` it takes its time.
#[derive(Clone, Debug, Default)]
pub(crate) struct Parrot(Arc<AtomicUsize>);

#[async_trait]
impl Service for Parrot {
    async fn answer(&self, proxy: &Proxy, request: Request<Bytes>, who: &Principal) -> Response<ServiceBody> {
        self.0.fetch_add(1, Ordering::Relaxed);
        let (head, body) = request.into_parts();
        let servers: Vec<_> = proxy.status().into_iter().map(|status| status.name.to_string()).collect();
        let text = format!("{} {} {who:?} {servers:?} {}", head.method, head.uri, String::from_utf8_lossy(&body));
        let answer = Response::builder().header("x-parrot", "1");
        let body = match head.uri.path() {
            "/api/endless" => {
                let chunks = stream::iter([Ok(Frame::data(Bytes::from_static(b"data: 1\n\n")))]);
                StreamBody::new(chunks.chain(stream::pending())).boxed_unsync()
            }
            "/api/slow" => {
                Slow { text: Some(Bytes::from(text)), wait: Box::pin(sleep(Duration::from_secs(2))) }.boxed_unsync()
            }
            _ => Full::from(text).boxed_unsync(),
        };
        answer.body(body).unwrap()
    }
}

/// A body whose length is known before it is there.
struct Slow {
    text: Option<Bytes>,
    wait: std::pin::Pin<Box<tokio::time::Sleep>>,
}

impl http_body::Body for Slow {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::ready!(self.wait.as_mut().poll(context));
        std::task::Poll::Ready(self.text.take().map(|text| Ok(Frame::data(text))))
    }

    fn size_hint(&self) -> http_body::SizeHint {
        http_body::SizeHint::with_exact(self.text.as_ref().map_or(0, |text| text.len() as u64))
    }
}

fn client(limits: Limits) -> (Client, Parrot) {
    let parrot = Parrot::default();
    let builder = Proxy::builder().server_with(legacy(Script::new().transport())).limits(limits);
    (Client::build(builder.mount("api", parrot.clone())), parrot)
}

#[tokio::test]
async fn a_service_gets_whatever_begins_with_its_segment() {
    let (client, parrot) = client(Limits::default());
    for (method, path) in [(Method::GET, "/api"), (Method::PUT, "/api/"), (Method::DELETE, "/api/a/b?x=1&y=2")] {
        let got = client.ask(ask(method.clone(), path)).await;
        assert_eq!((got.status, &*got.text), (200, &*format!("{method} {path} Anonymous [\"lab\"] ")));
        assert_eq!(got.header("x-parrot"), Some("1"));
    }
    let got = client.ask(post("{\"a\":1}").at("/api/mcp")).await;
    assert_eq!(got.text, "POST /api/mcp Anonymous [\"lab\"] {\"a\":1}");
    assert_eq!(parrot.0.load(Ordering::Relaxed), 4);
    for other in ["/apis", "/API", "/lab/api", "/"] {
        client.ask(ask(Method::GET, other)).await.expect(404, -32600, "null");
    }
    assert_eq!(parrot.0.load(Ordering::Relaxed), 4);
}

#[tokio::test]
async fn hosts_origins_and_bodies_are_checked_before() {
    let (client, parrot) = client(Limits { body: 10, ..Limits::default() });
    client.ask(get("/api").header("host", "evil.example")).await.expect(403, -32600, "null");
    client.ask(get("/api").header("origin", "https://evil.example")).await.expect(403, -32600, "null");
    client.ask(post("01234567890").at("/api")).await.expect(413, -32600, "null");
    assert_eq!(parrot.0.load(Ordering::Relaxed), 0);
    assert_eq!(client.ask(post("0123456789").at("/api")).await.status, 200);
}

#[tokio::test(start_paused = true)]
async fn a_body_without_an_end_ends_with_the_proxy() {
    let (client, _) = client(Limits::default());
    let mut events = client.open(get("/api/endless")).await;
    assert_eq!(events.next().await.unwrap().data(), "1");
    assert!(timeout(Duration::from_hours(1), events.next()).await.is_err());
    let reading = tokio::spawn(events.rest());
    client.proxy.close().await;
    assert_eq!(timeout(Duration::from_secs(1), reading).await.unwrap().unwrap(), []);
    client.ask(get("/api")).await.expect(503, -32000, "null");
}

#[tokio::test(start_paused = true)]
async fn a_body_with_an_end_is_not_cut_off() {
    let (client, _) = client(Limits::default());
    let asked = client.begin(get("/api/slow"));
    sleep(Duration::from_secs(1)).await;
    client.proxy.close().await;
    assert_eq!(asked.await.unwrap().text, "GET /api/slow Anonymous [\"lab\"] ");
}
