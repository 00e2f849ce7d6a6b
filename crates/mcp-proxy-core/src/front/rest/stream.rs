//! An answer as it comes: what the server tells on the way, and the result last.

use bytes::Bytes;
use futures::stream;
use http_body_util::BodyExt;
use mcp_eras::{ParkedCall, Step};
use mcp_openapi::Event;
use tokio::time::timeout;

use super::{
    driven::Manner,
    reply::{RestAnswer, events, failed},
};
use crate::rescue::Told;

/// The stream of a call; dropped, the call is cancelled.
pub(super) fn answer(manner: &Manner, call: ParkedCall) -> RestAnswer {
    let going = Going { manner: manner.clone(), call: Some(call) };
    events(stream::unfold(going, |mut going| async {
        let event = going.next().await?;
        Some((event, going))
    }))
}

struct Going {
    manner: Manner,
    /// Gone with the last event.
    call: Option<ParkedCall>,
}

impl Going {
    async fn next(&mut self) -> Option<Bytes> {
        let call = self.call.as_mut()?;
        let Ok(step) = timeout(self.manner.front.limits.stream_comment, call.next()).await else {
            return Some(Bytes::from_static(b": keep-alive\n\n"));
        };
        if let Step::Note(note) = step {
            return Some(framed(&Event::note(&note)));
        }
        let call = self.call.take()?;
        let last = match step {
            Step::Asked(asked) => self.manner.park(call, &asked),
            Step::Done(response) => self.manner.done(&response, &[]),
            Step::Lost(lost) => failed(&Told::from(&lost)),
            Step::Note(_) => return None,
        };
        let status = last.status();
        // It is all there already.
        let body = last.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let body = String::from_utf8_lossy(&body);
        Some(framed(&match status {
            http::StatusCode::OK => Event::result(&body),
            http::StatusCode::CONFLICT => Event::input(&body),
            _ => Event::error(&body),
        }))
    }
}

fn framed(event: &Event) -> Bytes {
    format!("event: {}\ndata: {}\n\n", event.kind, event.data).into()
}
