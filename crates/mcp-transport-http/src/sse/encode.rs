//! Writes an event stream.

use std::{io::Write as _, time::Duration};

use bytes::Bytes;
use mcp_jsonrpc::Message;

/// What stands before the data of a message.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Head<'a> {
    /// Whether the type `message` is spelled out. It means the same without, but some old clients look for it.
    pub kind: bool,
    /// From where the stream can be resumed after this event.
    pub id: Option<&'a str>,
    /// How long a client is to wait before it opens a broken stream again.
    pub retry: Option<Duration>,
}

/// Up to this length in bytes parts are put together: a copy is cheaper than one more buffer on its way to the socket.
const SMALL: usize = 4096;

/// Adds the event that carries `message` to `out`, in one piece if it is small, else in a few pieces of which the large
/// ones are not copied. Its data is one line, whatever the message looked like.
pub fn message(message: &Message, head: Head<'_>, out: &mut impl Extend<Bytes>) {
    let mut small = Vec::new();
    append(message, head, &mut small, out);
    out.extend([Bytes::from(small)]);
}

/// The same after other small events, which are in `small` and are taken out of it only to keep the order.
pub(crate) fn append(message: &Message, head: Head<'_>, small: &mut Vec<u8>, out: &mut impl Extend<Bytes>) {
    if !message.is_single_line() {
        return append(&message.clone().single_line(), head, small, out);
    }
    let is_small = message.len() <= SMALL;
    // One allocation for each message, or for several: what surrounds it is never longer than this.
    small.reserve(head.id.map_or(0, str::len) + if is_small { message.len() } else { 0 } + 80);
    start(head, small);
    small.extend_from_slice(b"data: ");
    if is_small {
        message.append_to(small);
    } else {
        for chunk in message.chunks() {
            if chunk.len() <= SMALL {
                small.extend_from_slice(&chunk);
            } else {
                out.extend([Bytes::from(std::mem::take(small)), chunk]);
            }
        }
    }
    small.extend_from_slice(b"\n\n");
}

/// The event that opens a stream of 2025-11-25: an id from which it can be resumed, and no data.
#[must_use]
pub fn priming(id: &str, retry: Option<Duration>) -> Bytes {
    let mut event = Vec::with_capacity(id.len() + 48);
    start(Head { kind: false, id: Some(id), retry }, &mut event);
    event.extend_from_slice(b"data:\n\n");
    event.into()
}

/// The event that opens a stream of 2024-11-05: where the messages to the server are to be posted.
#[must_use]
pub fn endpoint(uri: &str) -> Bytes {
    event("endpoint", uri)
}

/// An event that is no message; its data is one line.
#[must_use]
pub fn event(kind: &str, data: &str) -> Bytes {
    let mut event = Vec::with_capacity(kind.len() + data.len() + 24);
    field(&mut event, b"event: ", kind);
    field(&mut event, b"data: ", data);
    event.push(b'\n');
    event.into()
}

/// A comment, which keeps a silent stream alive.
#[must_use]
pub fn comment(text: &str) -> Bytes {
    let mut comment = Vec::with_capacity(text.len() + 4);
    field(&mut comment, b": ", text);
    comment.push(b'\n');
    comment.into()
}

fn start(head: Head<'_>, event: &mut Vec<u8>) {
    if head.kind {
        event.extend_from_slice(b"event: message\n");
    }
    if let Some(id) = head.id {
        field(event, b"id: ", id);
    }
    if let Some(retry) = head.retry {
        // Writing into memory has no way to fail.
        let _ = writeln!(event, "retry: {}", retry.as_millis());
    }
}

/// One line, whatever the value holds: a line end in it would begin another field.
fn field(event: &mut Vec<u8>, name: &[u8], value: &str) {
    event.extend_from_slice(name);
    if memchr::memchr3(b'\r', b'\n', b'\0', value.as_bytes()).is_some() {
        event.extend(value.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n' | b'\0')));
    } else {
        event.extend_from_slice(value.as_bytes());
    }
    event.push(b'\n');
}

#[cfg(test)]
mod tests {
    use mcp_jsonrpc::Id;

    use super::*;
    use crate::sse::{Decoded, Decoder};

    fn pieces(text: &str, id: Option<u64>, head: Head<'_>) -> Vec<Bytes> {
        let parsed = Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap();
        let labelled = id.map_or(parsed.clone(), |id| parsed.with_id(Id::from(id)));
        let mut out = Vec::new();
        message(&labelled, head, &mut out);
        out
    }

    #[test]
    fn a_small_message_is_one_piece() {
        let head = Head { kind: true, id: Some("a-1"), retry: Some(Duration::from_millis(300)) };
        let out = pieces(r#"{"jsonrpc":"2.0","id":1,"result":{}}"#, Some(22), head);
        let expect = "event: message\nid: a-1\nretry: 300\ndata: {\"jsonrpc\":\"2.0\",\"id\":22,\"result\":{}}\n\n";
        assert_eq!(out, [Bytes::from_static(expect.as_bytes())]);
    }

    #[test]
    fn a_large_payload_is_not_copied() {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"result":"{}"}}"#, "x".repeat(SMALL));
        let parsed = Message::parse(Bytes::from(text)).unwrap();
        let mut out = Vec::new();
        message(&parsed.clone().with_id(Id::from(22)), Head::default(), &mut out);
        assert_eq!(out.len(), 3);
        assert_eq!(out[0], &b"data: {\"jsonrpc\":\"2.0\",\"id\":22"[..]);
        assert_eq!(out[1].as_ptr(), parsed.text()[23..].as_ptr());
        assert_eq!(out[2], &b"\n\n"[..]);
    }

    #[test]
    fn what_is_written_is_read_again() {
        let mut stream = Vec::new();
        stream.push(priming("p", None));
        stream.push(comment("still\nhere"));
        stream.extend(pieces(
            "{\"jsonrpc\":\"2.0\",\r\n\"method\":\"n\"\n}",
            None,
            Head { id: Some("1\n2"), ..Head::default() },
        ));
        stream.push(endpoint("/messages?id=1"));
        let mut decoder = Decoder::new(1000);
        decoder.push(&stream.concat());
        let events: Vec<_> = std::iter::from_fn(|| decoder.next_event()).collect();
        let [Decoded::Event(first), Decoded::Event(second), Decoded::Event(third)] = &events[..] else {
            panic!("{events:?}")
        };
        assert_eq!((first.id.as_deref(), first.data.as_deref()), (Some(&b"p"[..]), Some(&b""[..])));
        assert_eq!(second.id.as_deref(), Some(&b"12"[..]));
        assert_eq!(second.data.as_deref(), Some(&b"{\"jsonrpc\":\"2.0\",  \"method\":\"n\" }"[..]));
        assert!(second.is_message() && third.is_kind("endpoint"));
    }
}
