//! Event streams: the same events in any portions, and what is written reads back.
//!
//! Input: one byte for the limit, then the stream, in portions that `|` separates. Where the bytes make a message, it is
//! written as an event with the first line of the input as its id.
#![no_main]

use std::time::Duration;

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use mcp_fuzz::portions;
use mcp_jsonrpc::Message;
use mcp_transport_http::sse::{self, Decoded, Decoder, Event, Head};

fuzz_target!(|input: &[u8]| {
    let Some((limit, stream)) = input.split_first() else { return };
    let (portions, whole) = portions(stream);
    let found = decode(&portions, usize::from(*limit));
    assert_eq!(found, decode(&[&whole], usize::from(*limit)));
    let bytes: Vec<_> = whole.iter().map(std::slice::from_ref).collect();
    assert_eq!(found, decode(&bytes, usize::from(*limit)));

    if let Ok(message) = Message::parse(Bytes::copy_from_slice(&whole)) {
        there_and_back(&message, None, whole.len());
    } else if let Some(end) = whole.iter().position(|byte| *byte == b'\n')
        && let Ok(id) = std::str::from_utf8(&whole[..end])
        && let Ok(message) = Message::parse(Bytes::copy_from_slice(&whole[end..]))
    {
        there_and_back(&message, Some(id), whole.len());
    }
});

fn decode(portions: &[&[u8]], limit: usize) -> Vec<Decoded> {
    let mut decoder = Decoder::new(limit);
    let mut events = Vec::new();
    for portion in portions {
        decoder.push(portion);
        events.extend(std::iter::from_fn(|| decoder.next_event()));
    }
    events
}

fn there_and_back(message: &Message, id: Option<&str>, length: usize) {
    let retry = id.map(|id| Duration::from_millis(id.len() as u64));
    let mut pieces = Vec::new();
    sse::message(message, Head { kind: id.is_some(), id, retry }, &mut pieces);
    let pieces: Vec<&[u8]> = pieces.iter().map(|piece| &piece[..]).collect();
    let kept = id.map(|id| id.replace(['\r', '\n', '\0'], ""));
    let event = Event {
        id: kept.map(Bytes::from),
        kind: id.map(|_| Bytes::from_static(b"message")),
        data: Some(message.clone().single_line().to_bytes()),
        retry,
    };
    assert!(event.is_message());
    assert_eq!(decode(&pieces, 2 * length + 64), [Decoded::Event(event)]);
}
