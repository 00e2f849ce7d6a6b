//! The bodies of our responses.

use std::{
    convert::Infallible,
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use bytes::Bytes;
use futures::Stream;
use http::{
    HeaderName, HeaderValue, Response,
    header::{CACHE_CONTROL, CONTENT_TYPE},
};
use http_body::{Body, SizeHint};
use mcp_jsonrpc::Message;
use mcp_protocol::header;

use super::{EventStream, Frame};

/// The body of a response.
#[derive(Debug)]
#[non_exhaustive]
pub enum Answer<S> {
    /// Nothing.
    Empty,
    /// A text of known length, in up to three pieces; empty pieces are passed over.
    Full([Bytes; 3]),
    /// An event stream.
    Events(EventStream<S>),
}

/// Up to this length in bytes a message is sent in one piece: a copy is cheaper than more buffers on the way.
const SMALL: usize = 4096;

impl<S> Answer<S> {
    /// A text in one piece.
    #[must_use]
    pub fn text(text: impl Into<Bytes>) -> Self {
        Self::Full([text.into(), Bytes::new(), Bytes::new()])
    }

    /// The response that carries `message` as JSON, with status 200.
    #[must_use]
    pub fn message(message: &Message) -> Response<Self> {
        Self::json(if message.len() <= SMALL { Self::text(message.to_bytes()) } else { Self::Full(message.chunks()) })
    }

    /// The response that carries a JSON text, with status 200.
    #[must_use]
    pub fn json(body: Self) -> Response<Self> {
        let mut response = Response::new(body);
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }

    /// How many bytes are left, if that is known.
    fn left(&self) -> Option<u64> {
        match self {
            Self::Empty => Some(0),
            Self::Full(pieces) => u64::try_from(pieces.iter().map(Bytes::len).sum::<usize>()).ok(),
            Self::Events(_) => None,
        }
    }
}

impl<S: Stream<Item = Frame> + Unpin> Answer<S> {
    /// The response that carries the frames of `source` as an event stream, with status 200 and what keeps proxies from
    /// holding it back.
    pub fn events(source: S) -> Response<Self> {
        let mut response = Response::new(Self::Events(EventStream::new(source)));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, no-transform"));
        headers
            .insert(HeaderName::from_static(header::ACCEL_BUFFERING), HeaderValue::from_static(header::NO_BUFFERING));
        response
    }
}

impl<S: Stream<Item = Frame> + Unpin> Body for Answer<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        match &mut *self {
            Self::Empty => Poll::Ready(None),
            Self::Full(pieces) => {
                let piece = pieces.iter_mut().find(|piece| !piece.is_empty()).map(mem::take);
                Poll::Ready(piece.map(|piece| Ok(http_body::Frame::data(piece))))
            }
            Self::Events(events) => Pin::new(events).poll_frame(context),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Events(events) => events.is_end_stream(),
            known => known.left() == Some(0),
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.left().map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, stream};
    use http_body_util::BodyExt;
    use mcp_jsonrpc::Id;

    use super::*;

    type Plain = Answer<stream::Empty<Frame>>;

    fn pieces(mut answer: Plain) -> Vec<Bytes> {
        let mut pieces = Vec::new();
        let mut left = answer.size_hint().exact().unwrap();
        while let Some(frame) = answer.frame().now_or_never().unwrap() {
            pieces.push(frame.unwrap().into_data().unwrap());
            left -= pieces.last().unwrap().len() as u64;
            assert_eq!(answer.size_hint().exact(), Some(left));
        }
        assert!(left == 0 && answer.is_end_stream());
        pieces
    }

    fn response(length: usize) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":"{}"}}"#, "x".repeat(length));
        Message::parse(text.into()).unwrap().with_id(Id::from(22))
    }

    #[test]
    fn the_length_is_known_before_and_the_text_is_whole() {
        assert_eq!(pieces(Plain::Empty), Vec::<Bytes>::new());
        assert_eq!(pieces(Plain::text("a")), ["a"]);
        assert_eq!(pieces(Plain::Full(["".into(), "a".into(), "b".into()])), ["a", "b"]);
        let small = Plain::message(&response(10));
        assert_eq!(small.headers()[CONTENT_TYPE], "application/json");
        assert_eq!(pieces(small.into_body()), [response(10).to_bytes()]);
    }

    #[test]
    fn a_large_message_is_not_copied() {
        let large = response(1 << 20);
        let pieces = pieces(Plain::message(&large).into_body());
        assert_eq!(pieces.len(), 3);
        assert_eq!(pieces[0].as_ptr(), large.text().as_ptr());
        assert_eq!(pieces.concat(), large.to_bytes());
    }

    #[test]
    fn an_event_stream_says_that_it_is_one_and_not_how_long() {
        let response = Answer::events(stream::iter([Frame::Comment("x")]));
        assert_eq!(response.headers()[CONTENT_TYPE], "text/event-stream");
        assert_eq!(response.headers()[CACHE_CONTROL], "no-cache, no-transform");
        assert_eq!(response.headers()[header::ACCEL_BUFFERING], "no");
        let body = response.into_body();
        assert!(body.size_hint().exact().is_none() && !body.is_end_stream());
        assert_eq!(body.collect().now_or_never().unwrap().unwrap().to_bytes(), ": x\n\n");
    }
}
