//! A response body that is an event stream.

use std::{
    collections::VecDeque,
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::Bytes;
use futures::Stream;
use http_body::{Body, SizeHint};
use mcp_jsonrpc::Message;

use crate::sse;

/// Something to be sent on an event stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Frame {
    /// A message.
    Message {
        /// The message.
        message: Message,
        /// From where the stream can be resumed after it; `None` where it cannot.
        id: Option<Box<str>>,
        /// Whether the type `message` is spelled out, as clients of 2024-11-05 expect it.
        named: bool,
    },
    /// An event without data, from which the stream can be resumed before anything has come on it.
    Priming {
        /// The id of the beginning.
        id: Box<str>,
        /// How long a client is to wait before it opens a broken stream again.
        retry: Option<Duration>,
    },
    /// Where the messages to the server are to be posted (2024-11-05).
    Endpoint {
        /// A reference relative to the URL of the stream.
        uri: Box<str>,
    },
    /// An event that is no message.
    Event {
        /// Its type.
        kind: &'static str,
        /// Its data.
        data: Arc<str>,
    },
    /// A comment, which keeps a silent stream alive.
    Comment(&'static str),
}

/// Writes frames as an event stream, only when the connection takes more: a slow reader slows the source down. Frames that
/// are there at the same time go out together, up to 16 KiB. Large messages are not copied.
#[derive(Debug)]
pub struct EventStream<S> {
    source: S,
    /// What is left of the frames that are being written.
    pieces: VecDeque<Bytes>,
    done: bool,
}

/// So many bytes of frames that are there are sent at once: each piece of a body costs a chunk's head and two buffers on the
/// way to the socket. Ten short notes of a call become one piece.
const TOGETHER: usize = 16 * 1024;

/// Room in bytes for what comes after the first of several frames: where there are two there are often ten, and room that grows
/// with each is copied with each.
const SEVERAL: usize = 4096;

impl<S: Stream<Item = Frame> + Unpin> EventStream<S> {
    /// The frames of `source`; the stream ends when it does.
    pub fn new(source: S) -> Self {
        Self { source, pieces: VecDeque::new(), done: false }
    }

    /// Takes what is there, at least one frame; pending if there is none.
    fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let mut small = Vec::new();
        let mut frames = 0;
        while small.len() < TOGETHER && self.pieces.is_empty() {
            match Pin::new(&mut self.source).poll_next(context) {
                Poll::Ready(Some(frame)) => {
                    frames += 1;
                    if frames == 2 {
                        small.reserve(SEVERAL);
                    }
                    frame.write(&mut small, &mut self.pieces);
                }
                Poll::Ready(None) => {
                    self.done = true;
                    break;
                }
                Poll::Pending if small.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        if !small.is_empty() {
            self.pieces.push_back(small.into());
        }
        Poll::Ready(())
    }
}

impl Frame {
    /// A message of a stream that cannot be resumed.
    #[must_use]
    pub fn message(message: Message) -> Self {
        Self::Message { message, id: None, named: false }
    }

    /// Adds the frame to `small`, which goes before what of it is large enough to be among the `pieces`.
    fn write(self, small: &mut Vec<u8>, pieces: &mut VecDeque<Bytes>) {
        match self {
            Self::Message { message, id, named } => {
                let head = sse::Head { kind: named, id: id.as_deref(), retry: None };
                sse::append(&message, head, small, pieces);
            }
            Self::Priming { id, retry } => small.extend_from_slice(&sse::priming(&id, retry)),
            Self::Endpoint { uri } => small.extend_from_slice(&sse::endpoint(&uri)),
            Self::Event { kind, data } => small.extend_from_slice(&sse::event(kind, &data)),
            Self::Comment(text) => small.extend_from_slice(&sse::comment(text)),
        }
    }
}

impl<S: Stream<Item = Frame> + Unpin> Body for EventStream<S> {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<http_body::Frame<Bytes>, Infallible>>> {
        let this = &mut *self;
        loop {
            if let Some(piece) = this.pieces.pop_front() {
                return Poll::Ready(Some(Ok(http_body::Frame::data(piece))));
            }
            if this.done {
                return Poll::Ready(None);
            }
            ready!(this.poll_fill(context));
        }
    }

    fn is_end_stream(&self) -> bool {
        self.done && self.pieces.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::default()
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt, stream};
    use http_body_util::BodyExt;

    use super::*;

    fn message(text: String) -> Message {
        Message::parse(text.into()).unwrap()
    }

    fn written(frames: Vec<Frame>) -> Vec<Bytes> {
        let mut body = EventStream::new(stream::iter(frames));
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().now_or_never().expect("the source is ready") {
            pieces.push(frame.unwrap().into_data().unwrap());
        }
        assert!(body.is_end_stream());
        pieces
    }

    #[test]
    fn each_frame_is_one_event() {
        let note = message(r#"{"jsonrpc":"2.0","method":"x"}"#.to_owned());
        let frames = vec![
            Frame::Endpoint { uri: "/messages?id=1".into() },
            Frame::Priming { id: "p-0".into(), retry: Some(Duration::from_secs(1)) },
            Frame::Message { message: note.clone(), id: Some("p-1".into()), named: true },
            Frame::Comment("alive"),
            Frame::message(note),
        ];
        let text = String::from_utf8(written(frames).concat()).unwrap();
        assert_eq!(
            text,
            "event: endpoint\ndata: /messages?id=1\n\n\
             id: p-0\nretry: 1000\ndata:\n\n\
             event: message\nid: p-1\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\n\
             : alive\n\n\
             data: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\n"
        );
    }

    #[test]
    fn a_large_message_goes_out_as_it_is() {
        let large = message(format!(r#"{{"jsonrpc":"2.0","id":1,"result":"{}"}}"#, "x".repeat(1 << 20)));
        let pieces = written(vec![Frame::message(large.clone())]);
        assert!(pieces.iter().any(|piece| piece.as_ptr() == large.text().as_ptr()), "not copied");
        assert_eq!(pieces.concat(), [b"data: ", &large.text()[..], b"\n\n"].concat());
    }

    #[test]
    fn what_is_there_goes_out_together_and_in_order() {
        let text = |length| format!(r#"{{"jsonrpc":"2.0","method":"x","params":["{}"]}}"#, "x".repeat(length));
        let frames = [1, 2, 5000, 3].map(|length| Frame::message(message(text(length))));
        let pieces = written(frames.into());
        let whole: String = [1, 2, 5000, 3].map(|length| format!("data: {}\n\n", text(length))).concat();
        assert_eq!(String::from_utf8(pieces.concat()).unwrap(), whole);
        assert_eq!(pieces.len(), 4, "what goes before the large one, it, its end, and what comes after");
    }

    #[test]
    fn the_source_is_asked_only_when_more_is_wanted() {
        const COMMENT: usize = ": x\n\n".len();
        let asked = std::cell::Cell::new(0);
        let source = stream::repeat_with(|| {
            asked.set(asked.get() + 1);
            Frame::Comment("x")
        });
        let mut body = EventStream::new(source);
        assert!(body.frame().now_or_never().is_some());
        assert_eq!(asked.get(), TOGETHER.div_ceil(COMMENT));
        let mut waiting = EventStream::new(stream::pending::<Frame>());
        assert!(waiting.frame().now_or_never().is_none() && !waiting.is_end_stream());
    }
}
