//! Event streams: what all of them have in common.

use std::{convert::Infallible, pin::Pin, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{HeaderValue, Response, header::CONTENT_TYPE};
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use serde::Serialize;
use tokio::time::timeout;

use crate::{answer::Body, login::Session, state::State};

/// After this long without news a comment keeps the stream open.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

type Events = Pin<Box<dyn Stream<Item = Bytes> + Send>>;

/// One event, whose data is `value`.
pub(crate) fn event(kind: &str, value: &(impl Serialize + ?Sized)) -> Bytes {
    // What cannot be written (a map whose keys are no strings) is not there.
    event_text(kind, &serde_json::to_string(value).unwrap_or_default())
}

/// One event, whose data is JSON text on one line.
pub(crate) fn event_text(kind: &str, data: &str) -> Bytes {
    format!("event: {kind}\ndata: {data}\n\n").into()
}

/// The answer that gives these events, until they end, the login does, or the hub.
pub(crate) fn events(
    state: &Arc<State>,
    session: Option<Session>,
    events: impl Stream<Item = Bytes> + Send + 'static,
) -> Response<Body> {
    let stop = state.stop.clone();
    let over = async move {
        let session = async {
            match &session {
                Some(session) => session.over().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = session => {}
            () = stop.cancelled() => {}
        }
    };
    let frames = alive(Box::pin(events)).take_until(Box::pin(over));
    let body = StreamBody::new(frames.map(|event| Ok::<_, Infallible>(Frame::data(event)))).boxed_unsync();
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
    response
}

/// The same with comments where there is nothing to say.
fn alive(events: Events) -> impl Stream<Item = Bytes> + Send {
    stream::unfold(events, |mut events| async {
        match timeout(KEEP_ALIVE, events.next()).await {
            Ok(Some(event)) => Some((event, events)),
            Ok(None) => None,
            Err(_) => Some((Bytes::from_static(b": keep-alive\n\n"), events)),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn silence_is_filled_with_comments() {
        let events = stream::iter([event("a", &1)]).chain(stream::pending());
        let mut alive = Box::pin(alive(Box::pin(events)));
        assert_eq!(&alive.next().await.unwrap()[..], b"event: a\ndata: 1\n\n");
        let before = tokio::time::Instant::now();
        assert_eq!(&alive.next().await.unwrap()[..], b": keep-alive\n\n");
        assert_eq!(before.elapsed(), KEEP_ALIVE);
    }
}
