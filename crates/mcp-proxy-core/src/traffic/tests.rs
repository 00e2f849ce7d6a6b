use mcp_jsonrpc::{Id, Message};
use mcp_transport::Caller;

use super::*;

fn request(params: &str) -> Request {
    let message = Message::request(&Id::from(1), "tools/call", Some(params));
    Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).unwrap()
}

fn call(traffic: &Arc<Traffic>, params: &str) -> Watched {
    traffic.begin(&"lab".into(), &request(params))
}

fn note(text: &str) -> Message {
    Message::notification("n", Some(&format!(r#"{{"x":"{text}"}}"#)))
}

fn kept(traffic: &Traffic) -> usize {
    let sum = |id| traffic.exchange(id).unwrap().messages.iter().map(|it| it.text.len()).sum::<usize>();
    traffic.calls().iter().map(|call| sum(call.id)).sum()
}

#[test]
fn so_many_calls_are_kept_and_the_newest_come_first() {
    let traffic = Traffic::new(TrafficLimits { calls: 2, ..TrafficLimits::default() });
    let first = call(&traffic, r#"{"name":"a"}"#);
    drop(call(&traffic, r#"{"name":"b"}"#));
    drop(call(&traffic, r#"{"name":"c"}"#));
    let subjects: Vec<_> = traffic.calls().into_iter().map(|call| call.subject.unwrap()).collect();
    assert_eq!(subjects, ["c".into(), Arc::from("b")]);
    assert!(traffic.exchange(1).is_none());
    first.said(Direction::ToClient, &note("late"));
    assert_eq!(traffic.bytes.load(Ordering::Relaxed), kept(&traffic), "nothing is counted that nobody can ask for");
}

#[test]
fn texts_have_a_bound_together_and_each() {
    let traffic = Traffic::new(TrafficLimits { bytes: 1000, message: 100, ..TrafficLimits::default() });
    for n in 0..100 {
        let watched = call(&traffic, &format!(r#"{{"name":"{n}","x":"{}"}}"#, "é".repeat(100)));
        watched.said(Direction::ToClient, &note(&"y".repeat(50)));
        assert!(traffic.bytes.load(Ordering::Relaxed) <= 1000);
    }
    assert!((5..=7).contains(&traffic.calls().len()) && kept(&traffic) <= 1000);
    let exchange = traffic.exchange(100).unwrap();
    let [request, note] = &*exchange.messages else { panic!("{exchange:?}") };
    assert!(request.is_truncated && (98..=100).contains(&request.text.len()), "{request:?}");
    assert!(request.text.starts_with(r#"{"jsonrpc":"2.0""#) && 200 < exchange.call.request_bytes);
    assert!(!note.is_truncated && note.direction == Direction::ToClient);
}

#[test]
fn of_many_messages_the_first_are_kept_and_the_response() {
    let traffic = Traffic::new(TrafficLimits { messages: 3, ..TrafficLimits::default() });
    let mut watched = call(&traffic, "{}");
    for n in 0..10 {
        watched.said(Direction::ToClient, &note(&n.to_string()));
    }
    watched.answered(CallOutcome::Ok, &Message::response(&Id::from(1), "{}"));
    let exchange = traffic.exchange(1).unwrap();
    assert_eq!((exchange.messages.len(), exchange.omitted), (4, 8));
    assert!(exchange.messages[3].text.contains("result") && exchange.call.response_bytes > 0);
    drop(watched);
    assert_eq!(traffic.calls()[0].outcome, CallOutcome::Ok, "it is over already");
}

#[test]
fn whoever_watches_hears_of_each_call_twice() {
    let traffic = Traffic::new(TrafficLimits::default());
    drop(call(&traffic, "{}"));
    let mut news = traffic.watch();
    drop(call(&traffic, "{}"));
    let heard = [news.try_recv().unwrap(), news.try_recv().unwrap()].map(|call| (call.id, call.outcome));
    assert_eq!(heard, [(2, CallOutcome::Running), (2, CallOutcome::Cancelled)]);
    assert!(news.try_recv().is_err());
}

#[test]
fn the_defaults_are_the_ones_that_are_told() {
    let TrafficLimits { calls, bytes, message, messages } = TrafficLimits::default();
    assert_eq!((calls, bytes, message, messages), (500, 16 * 1024 * 1024, 65_536, 200));
}
