//! What `/api/servers` tells.

use futures::StreamExt as _;
use http::{Method, StatusCode};
use hyper::body::Incoming;
use sse_stream::SseStream;
use tokio::time::timeout;

use crate::client::{Http, Json};
use crate::marked::PATIENCE;
use crate::proxy::Proxy;

/// The event stream of one who watches.
pub(crate) struct Watcher(std::pin::Pin<Box<SseStream<Incoming>>>);

impl Watcher {
    pub(crate) async fn open(http: &Http, proxy: &Proxy) -> Self {
        let url = proxy.at("/api/servers");
        let response = http.send(Method::GET, &url, &[("accept", "text/event-stream")], String::new()).await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self(Box::pin(SseStream::new(response.into_body())))
    }

    /// The next event: its kind, and the servers it is about. `None` when there are no more.
    pub(crate) async fn next(&mut self) -> Option<(String, Json)> {
        // Comments are no events.
        let event = timeout(PATIENCE, self.0.next()).await.expect("the next event comes in time")?.ok()?;
        let data = event.data.expect("an event has data");
        Some((event.event.expect("an event has a kind"), serde_json::from_str(&data).unwrap()))
    }

    /// Reads on until the server `name` is as `wanted` says; everything it was said to be until then, the last one included.
    pub(crate) async fn until(&mut self, name: &str, wanted: impl Fn(&Json) -> bool) -> Vec<Json> {
        let mut told = Vec::new();
        let read = async {
            loop {
                let (_, mut servers) = self.next().await.expect("the stream goes on");
                if let Some(server) = servers.get_mut(name) {
                    told.push(server.take());
                    if wanted(told.last().unwrap()) {
                        return;
                    }
                }
            }
        };
        let in_time = timeout(PATIENCE, read).await.is_ok();
        assert!(in_time, "`{name}` was only {told:#?}");
        told
    }

    /// Reads on until the server `name` does this.
    pub(crate) async fn until_it_is(&mut self, name: &str, status: &str) -> Vec<Json> {
        self.until(name, |server| server["status"] == status).await
    }
}

/// What each of these was, without repetitions.
pub(crate) fn course(told: &[Json]) -> Vec<&str> {
    let mut course: Vec<_> = told.iter().map(|server| server["status"].as_str().unwrap()).collect();
    course.dedup();
    course
}

/// What the server `name` is now.
pub(crate) async fn status(http: &Http, proxy: &Proxy, name: &str) -> Json {
    let (status, said) = http.json(Method::GET, &proxy.at(&format!("/api/servers/{name}")), &[], String::new()).await;
    assert_eq!(status, StatusCode::OK, "{said}");
    said
}

/// Starts, stops or restarts the server `name`.
pub(crate) async fn order(http: &Http, proxy: &Proxy, name: &str, what: &str) -> (StatusCode, Json) {
    http.json(Method::POST, &proxy.at(&format!("/api/servers/{name}/{what}")), &[], String::new()).await
}
