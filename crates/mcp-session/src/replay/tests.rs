use std::time::Duration;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::ReplayLimits;

fn note(text: &str) -> Message {
    Message::notification("x", Some(&format!(r#"{{"n":"{text}"}}"#)))
}

fn replay(limits: ReplayLimits) -> Replay {
    Replay::new(ReplayPool::new(limits))
}

fn small(events: usize, bytes: usize) -> ReplayLimits {
    ReplayLimits { events, bytes, ..ReplayLimits::default() }
}

/// What comes after `last`: the texts, or the word for why there are none.
fn after(replay: &mut Replay, last: &str, now: Instant) -> Result<Vec<Bytes>, &'static str> {
    match replay.since(last, now) {
        Resume::Events { events, .. } => Ok(events.into_iter().map(|event| event.message.to_bytes()).collect()),
        Resume::Evicted { .. } => Err("evicted"),
        Resume::Unknown => Err("unknown"),
    }
}

fn texts(messages: &[Message]) -> Vec<Bytes> {
    messages.iter().map(Message::to_bytes).collect()
}

#[test]
fn a_stream_is_resumed_after_the_event_that_was_seen_last_and_others_stay_out() {
    let (mut replay, now) = (replay(ReplayLimits::default()), Instant::now());
    let (one, two) = (replay.open_stream(), replay.open_stream());
    let messages: Vec<_> = ["a", "b", "c"].map(note).into();
    let mut ids = vec![one];
    for message in &messages {
        ids.push(replay.push(one.stream(), message.clone(), now).unwrap());
        replay.push(two.stream(), note("other"), now).unwrap();
    }
    for (seen, id) in ids.iter().enumerate() {
        assert_eq!(after(&mut replay, &id.to_string(), now), Ok(texts(&messages[seen..])));
        assert_eq!(after(&mut replay, &id.to_string(), now), Ok(texts(&messages[seen..])), "and once more");
    }
    let Resume::Events { stream, events, finished } = replay.since(&ids[1].to_string(), now) else { panic!() };
    assert_eq!((stream, finished), (one.stream(), false));
    assert_eq!(events.iter().map(|event| event.id).collect::<Vec<_>>(), ids[2..]);
}

#[test]
fn an_id_of_another_session_or_of_the_future_is_unknown() {
    let (mut ours, mut theirs, now) = (replay(small(9, 999)), replay(small(9, 999)), Instant::now());
    let id = theirs.open_stream();
    assert_eq!(after(&mut ours, &id.to_string(), now), Err("unknown"), "no stream was ever opened");
    let start = ours.open_stream();
    assert_eq!(after(&mut ours, &id.to_string(), now), Err("unknown"));
    assert_eq!(after(&mut ours, &EventId { sequence: 1, ..start }.to_string(), now), Err("unknown"));
    assert_eq!(after(&mut ours, &EventId { stream: StreamId(2), ..start }.to_string(), now), Err("unknown"));
    for text in ["", "0", "constructor", "\u{0}"] {
        assert_eq!(after(&mut ours, text, now), Err("unknown"), "{text:?}");
    }
}

#[test]
fn the_number_of_events_is_bounded_and_a_hole_is_told() {
    let (mut replay, now) = (replay(small(2, 9999)), Instant::now());
    let start = replay.open_stream();
    let first = replay.push(start.stream(), note("a"), now).unwrap();
    replay.push(start.stream(), note("b"), now).unwrap();
    assert_eq!(after(&mut replay, &start.to_string(), now), Ok(texts(&[note("a"), note("b")])), "at the limit");
    replay.push(start.stream(), note("c"), now).unwrap();
    assert_eq!(after(&mut replay, &start.to_string(), now), Err("evicted"), "one past it");
    assert_eq!(after(&mut replay, &first.to_string(), now), Ok(texts(&[note("b"), note("c")])));
}

#[test]
fn bytes_are_bounded_and_a_longer_message_is_a_hole_that_pushes_nobody_out() {
    let length = note("a").len();
    let (mut replay, now) = (replay(small(9, 2 * length)), Instant::now());
    let start = replay.open_stream();
    let first = replay.push(start.stream(), note("a"), now).unwrap();
    replay.push(start.stream(), note("b"), now).unwrap();
    assert_eq!(replay.bytes(), 2 * length);
    let long = replay.push(start.stream(), note(&"c".repeat(length + 2)), now).unwrap();
    assert_eq!(replay.bytes(), 2 * length);
    assert_eq!(after(&mut replay, &first.to_string(), now), Err("evicted"));
    let last = replay.push(start.stream(), note("d"), now).unwrap();
    assert_eq!(after(&mut replay, &long.to_string(), now), Ok(texts(&[note("d")])));
    assert_eq!(after(&mut replay, &last.to_string(), now), Ok(vec![]));
}

#[test]
fn all_sessions_share_one_bound() {
    let length = note("a").len();
    let pool = ReplayPool::new(ReplayLimits { total: 2 * length, ..ReplayLimits::default() });
    let (mut one, mut two, now) = (Replay::new(Arc::clone(&pool)), Replay::new(Arc::clone(&pool)), Instant::now());
    let (ours, theirs) = (one.open_stream(), two.open_stream());
    one.push(ours.stream(), note("a"), now).unwrap();
    one.push(ours.stream(), note("b"), now).unwrap();
    two.push(theirs.stream(), note("c"), now).unwrap();
    assert_eq!(after(&mut two, &theirs.to_string(), now), Err("evicted"), "it has nothing of its own to let go");
    one.push(ours.stream(), note("d"), now).unwrap();
    assert_eq!((pool.held(), one.bytes()), (2 * length, 2 * length));
    drop(one);
    assert_eq!(pool.held(), 0);
    two.push(theirs.stream(), note("e"), now).unwrap();
    assert_eq!(two.bytes(), length);
    two.clear();
    assert_eq!(pool.held(), 0);
}

#[test]
fn an_event_is_kept_for_its_time() {
    let (mut replay, now) = (replay(ReplayLimits::default()), Instant::now());
    let start = replay.open_stream();
    let first = replay.push(start.stream(), note("a"), now).unwrap();
    let five_minutes = Duration::from_mins(5);
    let early = now + five_minutes.checked_sub(Duration::from_millis(1)).unwrap();
    assert_eq!(after(&mut replay, &start.to_string(), early), Ok(texts(&[note("a")])));
    assert_eq!(after(&mut replay, &start.to_string(), now + five_minutes), Err("evicted"));
    assert_eq!(after(&mut replay, &first.to_string(), now + five_minutes), Ok(vec![]));
}

#[test]
fn a_finished_stream_takes_nothing_and_is_forgotten_with_its_last_event() {
    let (mut replay, now) = (replay(ReplayLimits::default()), Instant::now());
    let start = replay.open_stream();
    replay.push(start.stream(), note("a"), now).unwrap();
    replay.finish(start.stream());
    assert_eq!(replay.push(start.stream(), note("b"), now), None);
    let Resume::Events { events, finished: true, .. } = replay.since(&start.to_string(), now) else { panic!() };
    assert_eq!(events.len(), 1);
    assert_eq!(after(&mut replay, &start.to_string(), now + Duration::from_mins(5)), Err("unknown"));
}

#[test]
fn of_too_many_streams_a_finished_one_goes_first_and_its_events_with_it() {
    let (mut replay, now) = (replay(ReplayLimits::default()), Instant::now());
    let oldest = replay.open_stream();
    let done = replay.open_stream();
    replay.push(oldest.stream(), note("a"), now).unwrap();
    replay.push(done.stream(), note("b"), now).unwrap();
    replay.finish(done.stream());
    for _ in 2..=MAX_STREAMS {
        replay.open_stream();
    }
    assert_eq!(after(&mut replay, &done.to_string(), now), Err("unknown"));
    assert_eq!(after(&mut replay, &oldest.to_string(), now), Ok(texts(&[note("a")])));
    assert_eq!(replay.bytes(), note("a").len());
    replay.open_stream();
    assert_eq!(after(&mut replay, &oldest.to_string(), now), Err("unknown"));
    assert_eq!((replay.push(oldest.stream(), note("c"), now), replay.bytes()), (None, 0));
}

proptest! {
    /// Against a list of all that was ever sent: what comes back is all that was sent after, or it is told that not all is
    /// there, which must not be said as long as everything fits.
    #[test]
    fn what_comes_back_is_what_was_sent_after(
        pushes in prop::collection::vec((0..3_usize, 0..40_usize), 0..60),
        events in 0..12_usize,
    ) {
        let (mut replay, now) = (replay(small(events, 200)), Instant::now());
        let starts: Vec<_> = (0..3).map(|_| replay.open_stream()).collect();
        let mut sent: Vec<_> = starts.iter().map(|start| vec![(*start, Message::notification("start", None))]).collect();
        let mut all = Vec::new();
        for (stream, length) in pushes {
            let message = note(&"y".repeat(length));
            let id = replay.push(starts[stream].stream(), message.clone(), now).unwrap();
            sent[stream].push((id, message.clone()));
            all.push((id, message));
        }
        let held: usize = replay.buffer.as_ref().unwrap().events.iter().map(|kept| kept.message.len()).sum();
        prop_assert!(held == replay.bytes() && held <= 200 && replay.pool.held() == held);
        prop_assert!(replay.buffer.as_ref().unwrap().events.len() <= events);
        for stream in &sent {
            for (seen, (last, _)) in stream.iter().enumerate() {
                let expected: Vec<_> = stream[seen + 1..].iter().map(|(id, message)| (*id, message.to_bytes())).collect();
                match replay.since(&last.to_string(), now) {
                    Resume::Events { events, .. } => {
                        let found: Vec<_> = events.iter().map(|event| (event.id, event.message.to_bytes())).collect();
                        prop_assert_eq!(found, expected);
                    }
                    Resume::Evicted { .. } => {
                        // The first one missing, and everything sent from then on, does not fit.
                        let first = all.iter().position(|(id, _)| *id == expected[0].0).unwrap();
                        let bytes: usize = all[first..].iter().map(|(_, message)| message.len()).sum();
                        prop_assert!(bytes > 200 || all.len() - first > events);
                    }
                    Resume::Unknown => prop_assert!(false, "a stream that is open is known"),
                }
            }
        }
    }
}
