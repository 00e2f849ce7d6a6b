use futures::StreamExt;
use mcp_protocol::Revision;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream};

use super::*;

fn caller() -> Arc<Caller> {
    Caller::proxy(Revision::LATEST_LEGACY)
}

fn request(text: &str) -> Request {
    Request::new(Message::parse(text.to_owned().into()).unwrap(), caller()).unwrap()
}

fn call(id: u64) -> Request {
    request(&format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"x"}}}}"#))
}

/// A connection whose peer is this test.
fn pair(limits: DuplexLimits) -> (Arc<Duplex>, DuplexStream) {
    let (ours, theirs) = tokio::io::duplex(1 << 16);
    let (read, write) = tokio::io::split(ours);
    (Duplex::over_io(read, write, Arc::new(NoLifeline), limits), theirs)
}

async fn line(peer: &mut (impl AsyncBufReadExt + Unpin)) -> Message {
    let mut line = String::new();
    peer.read_line(&mut line).await.unwrap();
    Message::parse(line.into()).unwrap()
}

async fn write(peer: &mut (impl AsyncWriteExt + Unpin), text: &str) {
    peer.write_all(text.as_bytes()).await.unwrap();
    peer.write_all(b"\n").await.unwrap();
}

#[tokio::test]
async fn notes_come_before_the_response_and_under_the_callers_names() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let mut peer = BufReader::new(peer);
    let ask = r#"{"jsonrpc":"2.0","id":"a","method":"tools/call","params":{"_meta":{"progressToken":"t"}}}"#;
    let mut reply = duplex.call(request(ask)).await.unwrap();
    let sent = line(&mut peer).await;
    let key = sent.id().unwrap();
    write(
        &mut peer,
        &format!(
            r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{key},"progress":1}}}}"#
        ),
    )
    .await;
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{key},"result":{{}}}}"#)).await;
    let note = reply.next().await.unwrap().unwrap();
    assert_eq!(note.value(&["params", "progressToken"]), Some("\"t\""));
    let response = reply.next().await.unwrap().unwrap();
    assert_eq!(&response.to_bytes()[..], br#"{"jsonrpc":"2.0","id":"a","result":{}}"#);
    assert!(reply.next().await.is_none());
}

#[tokio::test]
async fn dropping_a_reply_cancels_the_call_under_our_id() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let mut peer = BufReader::new(peer);
    duplex.call(call(1)).await.unwrap().cancel(Some("bored"));
    let key = line(&mut peer).await.id().unwrap();
    let cancelled = line(&mut peer).await;
    assert_eq!(cancelled.method(), Some(method::CANCELLED));
    assert_eq!(cancelled.params(), Some(format!(r#"{{"requestId":{key},"reason":"bored"}}"#).as_str()));
    drop(duplex.call(call(1)).await.unwrap());
    line(&mut peer).await;
    assert_eq!(line(&mut peer).await.method(), Some(method::CANCELLED));
}

#[tokio::test]
async fn a_finished_call_is_not_cancelled() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let mut peer = BufReader::new(peer);
    let reply = duplex.call(call(1)).await.unwrap();
    let key = line(&mut peer).await.id().unwrap();
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{key},"result":{{}}}}"#)).await;
    reply.response().await.unwrap();
    drop(duplex);
    let mut rest = String::new();
    peer.read_to_string(&mut rest).await.unwrap();
    assert_eq!(rest, "");
}

#[tokio::test]
async fn when_the_peer_leaves_every_caller_learns_it() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let replies = [duplex.call(call(1)).await.unwrap(), duplex.call(call(1)).await.unwrap()];
    drop(peer);
    for reply in replies {
        assert!(matches!(reply.response().await, Err(Lost::Exited(_))));
    }
    assert_eq!(duplex.closed().await.reason, CloseReason::Ended);
    let refused = duplex.call(call(2)).await.unwrap_err();
    assert!(matches!(refused.reason, NotSent::Closed(_)));
    assert_eq!(refused.message.id(), Some(Id::from(2)), "the message comes back");
    assert!(duplex.events().unwrap().next().await.is_none(), "events end too");
}

#[tokio::test]
async fn noise_is_skipped_and_the_stream_lives_on() {
    let (duplex, peer) = pair(DuplexLimits { line: 100, ..DuplexLimits::default() });
    let mut peer = BufReader::new(peer);
    let reply = duplex.call(call(1)).await.unwrap();
    let key = line(&mut peer).await.id().unwrap();
    for noise in ["Server ready!", "{\"a\":1}", &"x".repeat(1000), "\u{0}", ""] {
        write(&mut peer, noise).await;
    }
    peer.write_all(b"\xff\xfe\n").await.unwrap();
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{key},"result":{{}}}}"#)).await;
    assert!(reply.response().await.is_ok());
}

#[tokio::test]
async fn a_pretty_printed_message_goes_out_as_one_line() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let mut peer = BufReader::new(peer);
    let _reply = duplex.call(request("{\n\"jsonrpc\":\"2.0\",\r\n\"id\":1,\"method\":\"m\"}")).await.unwrap();
    assert_eq!(line(&mut peer).await.method(), Some("m"));
}

#[tokio::test]
async fn large_messages_pass_whole_and_are_charged_to_the_budget() {
    let budget = Budget::new(3 << 20);
    let (duplex, peer) = pair(DuplexLimits { budget: budget.clone(), ..DuplexLimits::default() });
    let mut peer = BufReader::new(peer);
    let big = "y".repeat(1 << 20);
    let ask = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"m","params":{{"a":"{big}"}}}}"#);
    let (reply, sent) = tokio::join!(duplex.call(request(&ask)), line(&mut peer));
    assert_eq!(sent.len(), ask.len() + 6, "our id has seven digits");
    let key = sent.id().unwrap();
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{key},"result":{{"a":"{big}"}}}}"#)).await;
    let response = reply.unwrap().response().await.unwrap();
    assert!(response.len() > 1 << 20 && budget.held() > 1 << 20);
    drop(response);
    assert_eq!(budget.held(), 0);
}

#[tokio::test]
async fn a_response_without_room_in_the_budget_is_an_error_and_not_a_silence() {
    let (duplex, peer) = pair(DuplexLimits { budget: Budget::new(1), ..DuplexLimits::default() });
    let mut peer = BufReader::new(peer);
    let reply = duplex.call(call(1)).await.unwrap();
    let key = line(&mut peer).await.id().unwrap();
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{key},"result":"{}"}}"#, "z".repeat(1 << 17))).await;
    assert!(matches!(reply.response().await, Err(Lost::Overloaded)));
}

#[tokio::test]
async fn the_limit_of_calls_in_flight_holds() {
    let (duplex, _peer) = pair(DuplexLimits { in_flight: 2, ..DuplexLimits::default() });
    let _held = [duplex.call(call(1)).await.unwrap(), duplex.call(call(2)).await.unwrap()];
    assert!(matches!(duplex.call(call(3)).await.unwrap_err().reason, NotSent::Busy(_)));
}

#[tokio::test(start_paused = true)]
async fn a_peer_that_does_not_read_costs_an_error_and_leaves_no_half_line() {
    let limits = DuplexLimits { outbox: 100, ..DuplexLimits::default() };
    let (ours, mut theirs) = tokio::io::duplex(16);
    let (read, write) = tokio::io::split(ours);
    let duplex = Duplex::over_io(read, write, Arc::new(NoLifeline), limits);
    let first = duplex.call(call(1)).await.unwrap();
    tokio::task::yield_now().await;
    let second = duplex.call(call(2)).await.unwrap();
    let third = duplex.call(call(3)).await.unwrap_err();
    assert!(matches!(third.reason, NotSent::Busy(_)), "{third}");
    drop((first, second, duplex));
    let mut all = String::new();
    theirs.read_to_string(&mut all).await.unwrap();
    let messages: Vec<_> = all.lines().map(|line| Message::parse(line.to_owned().into()).unwrap()).collect();
    let asked = messages.iter().filter(|message| message.is_method(method::TOOLS_CALL)).count();
    assert_eq!((messages.len(), asked), (4, 2), "two calls and their cancellations, all whole: {all}");
}

#[tokio::test]
async fn a_flood_of_requests_nobody_takes_is_answered_with_errors() {
    let limits = DuplexLimits { notes: NoteLimits { count: 1, ..NoteLimits::default() }, ..DuplexLimits::default() };
    let (duplex, peer) = pair(limits);
    let mut peer = BufReader::new(peer);
    for id in [1, 2] {
        write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"roots/list"}}"#)).await;
    }
    let refusal = line(&mut peer).await;
    assert!(refusal.is_error());
    assert_eq!(refusal.id(), Some(Id::from(2)));
    assert_eq!(duplex.events().unwrap().next().await.unwrap().id(), Some(Id::from(1)));
}

#[tokio::test]
async fn events_wait_for_their_first_taker_and_have_only_one() {
    let (duplex, mut peer) = pair(DuplexLimits::default());
    write(&mut peer, r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#).await;
    let mut events = duplex.events().unwrap();
    assert!(duplex.events().is_none());
    assert_eq!(events.next().await.unwrap().method(), Some(method::TOOLS_LIST_CHANGED));
}

#[tokio::test]
async fn a_batch_is_split() {
    let (duplex, peer) = pair(DuplexLimits::default());
    let mut peer = BufReader::new(peer);
    let (one, two) = (duplex.call(call(1)).await.unwrap(), duplex.call(call(2)).await.unwrap());
    let (a, b) = (line(&mut peer).await.id().unwrap(), line(&mut peer).await.id().unwrap());
    let answers = format!(r#"[{{"jsonrpc":"2.0","id":{b},"result":2}},{{"jsonrpc":"2.0","id":{a},"result":1}}]"#);
    write(&mut peer, &answers).await;
    assert_eq!(one.response().await.unwrap().result(), Some("1"));
    assert_eq!(two.response().await.unwrap().result(), Some("2"));
}

#[tokio::test]
async fn closing_says_so_and_ends_the_peers_stream() {
    let (duplex, mut peer) = pair(DuplexLimits::default());
    duplex.close().await;
    assert_eq!(duplex.closed().await.reason, CloseReason::Requested);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).await.unwrap();
    assert!(rest.is_empty());
}

#[tokio::test]
async fn a_response_that_is_too_long_is_an_error_for_its_caller_alone() {
    let (duplex, peer) = pair(DuplexLimits { line: 200, ..DuplexLimits::default() });
    let mut peer = BufReader::new(peer);
    let (long, short) = (duplex.call(call(1)).await.unwrap(), duplex.call(call(2)).await.unwrap());
    let (one, two) = (line(&mut peer).await.id().unwrap(), line(&mut peer).await.id().unwrap());
    write(&mut peer, &format!(r#"{{"result":"{}","jsonrpc":"2.0","id":{one}}}"#, "z".repeat(1000))).await;
    write(&mut peer, &format!(r#"{{"jsonrpc":"2.0","id":{two},"result":{{}}}}"#)).await;
    assert!(matches!(long.response().await, Err(Lost::TooLarge { limit: 200 })));
    assert!(short.response().await.is_ok());
}
