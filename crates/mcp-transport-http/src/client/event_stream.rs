//! A response body read as events, as fast as somebody asks for them.

use std::time::Duration;

use futures::FutureExt;
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use hyper::body::Incoming;

use super::body;
use crate::sse::{Decoded, Decoder, Event};

/// The events of one response.
#[derive(Debug)]
pub(crate) struct EventStream {
    body: Incoming,
    decoder: Decoder,
}

/// From where and when a stream may be opened again.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bookmark {
    pub(crate) last: Option<HeaderValue>,
    pub(crate) retry: Option<Duration>,
}

impl EventStream {
    pub(crate) fn new(response: Response<Incoming>, limit: usize) -> Self {
        Self { body: response.into_body(), decoder: Decoder::new(limit) }
    }

    /// The next event; `None` when the stream has ended. Whether it was ended or cut makes no difference: in 2025-11-25
    /// a server may end the connection of a stream that goes on.
    pub(crate) async fn next(&mut self) -> Option<Decoded> {
        loop {
            if let Some(decoded) = self.decoder.next_event() {
                return Some(decoded);
            }
            let portion = body::data(&mut self.body).await.ok().flatten()?;
            self.decoder.push(&portion);
        }
    }

    /// Reads what is left after the last event that matters, so that the connection can be used again. `None` if that
    /// took no waiting.
    pub(crate) fn drain(mut self) -> Option<impl Future<Output = ()>> {
        let mut rest = Box::pin(async move {
            let end = async { while let Ok(Some(_)) = body::data(&mut self.body).await {} };
            // A server that does not end its stream here loses the connection.
            let _ = tokio::time::timeout(Duration::from_secs(1), end).await;
        });
        rest.as_mut().now_or_never().is_none().then_some(rest)
    }
}

impl Bookmark {
    /// Takes down what `event` says about resuming.
    pub(crate) fn note(&mut self, event: &Event) {
        if let Some(id) = &event.id {
            let id = if id.is_empty() { None } else { HeaderValue::from_maybe_shared(id.clone()).ok() };
            self.last = id;
        }
        self.retry = event.retry.or(self.retry);
    }

    /// How long to wait before opening again after `failures` in a row: what the server asked for (default 1 s, at most
    /// 5 min), doubled with each failure up to 30 s.
    pub(crate) fn delay(&self, failures: u32) -> Duration {
        const FLOOR: Duration = Duration::from_millis(10);
        let asked = self.retry.unwrap_or(Duration::from_secs(1)).clamp(FLOOR, Duration::from_mins(5));
        let doubled = asked.saturating_mul(1 << failures.min(10)).min(Duration::from_secs(30));
        if failures == 0 { asked } else { doubled.max(asked) }
    }
}

/// Whether a response says that it is an event stream.
pub(crate) fn is_event_stream<T>(response: &Response<T>) -> bool {
    has_type(response, "text/event-stream")
}

/// Whether a response says that it is JSON.
pub(crate) fn is_json<T>(response: &Response<T>) -> bool {
    has_type(response, "application/json")
}

fn has_type<T>(response: &Response<T>, expected: &str) -> bool {
    let stated = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let Some((kind, rest)) = stated.trim_start().split_at_checked(expected.len()) else { return false };
    let rest = rest.trim_start();
    kind.eq_ignore_ascii_case(expected) && (rest.is_empty() || rest.starts_with(';'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_may_have_parameters_and_space_and_any_case() {
        let is_stated = |value: &str| is_json(&Response::builder().header(CONTENT_TYPE, value).body(()).unwrap());
        for same in [
            "application/json",
            "Application/JSON",
            "application/json;charset=utf-8",
            " application/json ; a=b",
            "application/json ",
        ] {
            assert!(is_stated(same), "{same}");
        }
        for other in
            ["", "application", "application/jsonl", "application/json x", "text/event-stream", "äpplication/json"]
        {
            assert!(!is_stated(other), "{other}");
        }
        assert!(!is_json(&Response::new(())));
    }
}
