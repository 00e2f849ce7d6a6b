use proptest::prelude::*;

use super::*;

fn decode(portions: &[&[u8]], limit: usize) -> Vec<Decoded> {
    let mut decoder = Decoder::new(limit);
    let mut found = Vec::new();
    for portion in portions {
        decoder.push(portion);
        found.extend(std::iter::from_fn(|| decoder.next_event()));
        assert!(decoder.buffer.len() <= limit.max(2), "the buffer is bounded");
    }
    found
}

fn event(id: Option<&str>, kind: Option<&str>, data: Option<&str>) -> Decoded {
    let bytes = |text: Option<&str>| text.map(|text| Bytes::copy_from_slice(text.as_bytes()));
    Decoded::Event(Event { id: bytes(id), kind: bytes(kind), data: bytes(data), retry: None })
}

#[track_caller]
fn check(stream: &str, expect: &[Decoded]) {
    assert_eq!(decode(&[stream.as_bytes()], 100), expect);
}

#[test]
fn fields_come_in_any_order_and_may_be_missing() {
    check("data: a\nid: 1\n\n", &[event(Some("1"), None, Some("a"))]);
    check("event: message\ndata:a\n\n", &[event(None, Some("message"), Some("a"))]);
    check("data:  a \n\n", &[event(None, None, Some(" a "))]);
    check("data\n\n", &[event(None, None, Some(""))]);
    check("data: a\ndata:\ndata: b\n\n", &[event(None, None, Some("a\n\nb"))]);
    check("id: 1\nid: 2\ndata: a\n\n", &[event(Some("2"), None, Some("a"))]);
    check("unknown: x\nDATA: y\n data: z\n\n", &[]);
}

#[test]
fn every_line_end_and_a_mark_at_the_start_are_taken() {
    let both = [event(None, None, Some("a\nb")), event(None, None, Some("c"))];
    check("data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n", &both);
    check("data: a\rdata: b\r\rdata: c\r\r", &both);
    check("\u{feff}data: a\ndata: b\n\ndata: c\n\n", &both);
    check(
        "data: a\n\n\u{feff}data: c\n\n",
        &both[..0].iter().cloned().chain([event(None, None, Some("a"))]).collect::<Vec<_>>(),
    );
}

#[test]
fn a_priming_event_has_an_id_and_no_message() {
    check("id: 7\ndata:\n\n", &[event(Some("7"), None, Some(""))]);
    check("id: 7\n\n", &[event(Some("7"), None, None)]);
    check("event: x\n\n", &[]);
    check("id: a\0b\ndata: x\n\n", &[event(None, None, Some("x"))]);
}

#[test]
fn retry_is_digits_only() {
    let retry = |stream: &str| match &decode(&[stream.as_bytes()], 100)[..] {
        [Decoded::Event(event)] => event.retry,
        _ => None,
    };
    assert_eq!(retry("retry: 1500\n\n"), Some(Duration::from_millis(1500)));
    assert_eq!(retry("retry: 99999999999999999999999\n\n"), Some(Duration::from_millis(u64::MAX)));
    for bad in ["retry: 1.5\n\n", "retry: -1\n\n", "retry:\n\n", "retry: 1s\n\n"] {
        assert_eq!(retry(bad), None, "{bad}");
    }
}

#[test]
fn comments_and_an_unfinished_event_give_nothing() {
    check(": keep-alive\n\n:\n\ndata: a\n", &[]);
    check(": in\ndata: a\n: between\n\n", &[event(None, None, Some("a"))]);
}

#[test]
fn comments_never_add_up_to_the_limit() {
    let stream = ": keep-alive\n".repeat(100) + "data: a\n\n";
    check(&stream, &[event(None, None, Some("a"))]);
}

#[test]
fn an_event_at_the_limit_passes_and_one_past_it_is_skipped() {
    let ok = event(None, None, Some("ok"));
    assert_eq!(decode(&[b"data: 1234\n\ndata: ok\n\n"], 10), [event(None, None, Some("1234")), ok.clone()]);
    assert_eq!(decode(&[b"data: 12345\n\ndata: ok\n\n"], 10), [Decoded::TooLong, ok.clone()]);
    assert_eq!(decode(&[b"data:1\ndata:2\nid:3\n\ndata: ok\n\n"], 12), [Decoded::TooLong, ok]);
}

#[test]
fn a_long_event_is_reported_while_it_arrives_and_then_skipped() {
    let mut portions: Vec<&[u8]> = vec![b"data: xxxxxxxxxx"; 20];
    portions.extend([&b"\n"[..], b"data: more\n", b"\n", b"data: ok\n\n"]);
    assert_eq!(decode(&portions[..2], 20), [Decoded::TooLong]);
    assert_eq!(decode(&portions, 20), [Decoded::TooLong, event(None, None, Some("ok"))]);
}

#[test]
fn one_data_line_is_not_copied_again() {
    let mut decoder = Decoder::new(1 << 20);
    let stream = format!("data: {}\n\n", "x".repeat(1 << 16));
    decoder.push(stream.as_bytes());
    let before = decoder.buffer.as_ptr();
    let Some(Decoded::Event(event)) = decoder.next_event() else { panic!() };
    assert_eq!(event.data.unwrap().as_ptr(), before.wrapping_add(6));
}

/// The rules of the standard read literally, over the whole stream at once.
fn reference(stream: &[u8], limit: usize) -> Vec<Decoded> {
    let stream = stream.strip_prefix(b"\xef\xbb\xbf").unwrap_or(stream);
    let mut text = Vec::new();
    let mut rest = stream;
    while let Some((byte, after)) = rest.split_first() {
        let after = if *byte == b'\r' { after.strip_prefix(b"\n").unwrap_or(after) } else { after };
        text.push(if *byte == b'\r' { b'\n' } else { *byte });
        rest = after;
    }
    let mut lines: Vec<_> = text.split(|byte| *byte == b'\n').collect();
    let unfinished = lines.pop().unwrap_or_default();
    let (mut decoded, mut event, mut data) = (Vec::new(), Event::default(), None::<Vec<u8>>);
    let (mut held, mut too_long) = (0, false);
    for line in lines {
        if line.is_empty() {
            event.data = data.take().map(Bytes::from);
            if !too_long && (event.data.is_some() || event.id.is_some() || event.retry.is_some()) {
                decoded.push(Decoded::Event(event));
            }
            (event, held, too_long) = (Event::default(), 0, false);
            continue;
        }
        if !too_long && held + line.len() > limit {
            decoded.push(Decoded::TooLong);
            too_long = true;
        }
        if too_long || line[0] == b':' {
            continue;
        }
        held += line.len();
        let mut parts = line.splitn(2, |byte| *byte == b':');
        let name = parts.next().unwrap_or_default();
        let value = parts.next().unwrap_or_default();
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match name {
            b"data" => match &mut data {
                None => data = Some(value.to_vec()),
                Some(data) => data.extend(b"\n".iter().chain(value)),
            },
            b"event" => event.kind = Some(Bytes::copy_from_slice(value)),
            b"id" if !value.contains(&0) => event.id = Some(Bytes::copy_from_slice(value)),
            b"retry" => {
                if let Some(millis) = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok()) {
                    event.retry = Some(Duration::from_millis(millis));
                }
            }
            _ => {}
        }
    }
    if !too_long && held + unfinished.len() > limit {
        decoded.push(Decoded::TooLong);
    }
    decoded
}

fn piece() -> impl Strategy<Value = &'static [u8]> {
    prop::sample::select(vec![
        &b"\n"[..],
        b"\r",
        b"\r\n",
        b"\n\n",
        b"data",
        b"data:",
        b"data: ",
        b"event: message",
        b"id: 1",
        b"id:",
        b"retry: 7",
        b": c",
        b":",
        b" ",
        b"x",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xef",
        b"\xff",
        b"data: 12345678",
    ])
}

proptest! {
    #[test]
    fn any_portioning_gives_what_the_standard_says(
        pieces in prop::collection::vec(piece(), 0..40),
        cuts in prop::collection::vec(any::<prop::sample::Index>(), 0..8),
        limit in 4usize..40,
    ) {
        let stream = pieces.concat();
        let mut at: Vec<_> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
        at.extend([0, stream.len()]);
        at.sort_unstable();
        let portions: Vec<_> = at.windows(2).map(|pair| &stream[pair[0]..pair[1]]).collect();
        let expect = reference(&stream, limit);
        prop_assert_eq!(decode(&portions, limit), expect.clone());
        let bytes: Vec<_> = stream.chunks(1).collect();
        prop_assert_eq!(decode(&bytes, limit), expect);
    }
}
