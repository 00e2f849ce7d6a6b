use futures::{StreamExt, future::pending};
use mcp_protocol::Envelope;
use mcp_transport::{Memory, MemoryEnd};
use tokio::io::{AsyncBufReadExt, BufReader, DuplexStream, ReadHalf, WriteHalf, duplex, split};

use super::*;
use crate::{Proxy, ServerOptions};

const HELLO: &str = r#"{"jsonrpc":"2.0","id":"i","method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{"roots":{}},"clientInfo":{"name":"c","version":"1"}}}"#;
const READY: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

/// A server of one era: `tools/call` answers with its own params, `prompts/get` never, `resources/read` asks for roots first.
async fn server(mut end: MemoryEnd, era: Era) {
    let mut waiting = None;
    while let Some(message) = end.next().await {
        let Some(id) = message.id() else { continue };
        let answer = match (message.method(), era) {
            (Some(method::INITIALIZE), Era::Legacy) => Message::response(
                &id,
                r#"{"protocolVersion":"2025-11-25","capabilities":{},"serverInfo":{"name":"s","version":"1"}}"#,
            ),
            (Some(method::SERVER_DISCOVER), Era::Modern) => Message::response(
                &id,
                r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{},"ttlMs":0,"cacheScope":"private"}"#,
            ),
            (Some(method::TOOLS_CALL), _) => Message::response(&id, message.params().unwrap()),
            (Some(method::PROMPTS_GET), _) => continue,
            (Some(method::RESOURCES_READ), _) => {
                waiting = Some(id);
                Message::request(&Id::from(7), method::ROOTS_LIST, None)
            }
            (None, _) => Message::response(&waiting.take().unwrap(), message.result().unwrap()),
            _ => Message::error_response(Some(&id), mcp_protocol::code::METHOD_NOT_FOUND, "no", None),
        };
        end.send(answer).await;
    }
}

struct Ends {
    input: WriteHalf<DuplexStream>,
    output: tokio::io::Lines<BufReader<ReadHalf<DuplexStream>>>,
    served: tokio::task::JoinHandle<io::Result<()>>,
}

fn serve(era: Era) -> Ends {
    let memory = Memory::new(move |end| server(end, era));
    let proxy = Proxy::builder().server_with(ServerOptions::new("lab", memory)).build().unwrap();
    let (ours, theirs) = duplex(1 << 20);
    let (read, write) = split(theirs);
    let served = tokio::spawn(async move { proxy.serve_bytes("lab", read, write, pending()).await });
    let (output, input) = split(ours);
    Ends { input, output: BufReader::new(output).lines(), served }
}

impl Ends {
    async fn say(&mut self, text: &str) {
        self.input.write_all(text.as_bytes()).await.unwrap();
        self.input.write_all(b"\n").await.unwrap();
    }

    async fn hear(&mut self) -> Message {
        Message::parse(self.output.next_line().await.unwrap().expect("a line").into()).unwrap()
    }

    async fn greeted(era: Era) -> Self {
        let mut ends = serve(era);
        ends.say(HELLO).await;
        ends.hear().await;
        ends.say(READY).await;
        ends
    }
}

fn call(id: u32, method: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{{"n":{id}}}}}"#)
}

#[tokio::test(start_paused = true)]
async fn a_legacy_client_is_served_from_its_handshake_on() {
    let mut ends = serve(Era::Legacy);
    ends.say(&call(1, method::TOOLS_CALL)).await;
    assert!(ends.hear().await.is_error(), "not before");
    ends.say(HELLO).await;
    let hello = ends.hear().await;
    assert_eq!(hello.value(&["result", "protocolVersion"]), Some("\"2025-06-18\""));
    ends.say(READY).await;
    ends.say(&call(2, method::TOOLS_CALL)).await;
    let answer = ends.hear().await;
    assert_eq!((answer.id(), answer.result()), (Some(Id::from(2)), Some(r#"{"n":2}"#)));
}

#[tokio::test(start_paused = true)]
async fn a_question_goes_out_and_its_answer_comes_in() {
    let mut ends = Ends::greeted(Era::Legacy).await;
    ends.say(&call(1, method::RESOURCES_READ)).await;
    let question = ends.hear().await;
    assert_eq!(question.method(), Some(method::ROOTS_LIST));
    ends.say(&format!(r#"{{"jsonrpc":"2.0","id":{},"result":{{"roots":[1]}}}}"#, question.id().unwrap())).await;
    assert_eq!(ends.hear().await.result(), Some(r#"{"roots":[1]}"#));
}

#[tokio::test(start_paused = true)]
async fn a_call_is_cancelled_by_its_id() {
    let mut ends = Ends::greeted(Era::Legacy).await;
    ends.say(&call(1, method::PROMPTS_GET)).await;
    ends.say(&call(2, method::TOOLS_CALL)).await;
    assert_eq!(ends.hear().await.id(), Some(Id::from(2)));
    ends.say(r#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#).await;
    ends.say(&call(3, method::TOOLS_CALL)).await;
    assert_eq!(ends.hear().await.id(), Some(Id::from(3)), "no response is wanted");
}

#[tokio::test(start_paused = true)]
async fn a_modern_client_needs_no_handshake() {
    let mut ends = serve(Era::Modern);
    let envelope = Envelope { version: Revision::LATEST, capabilities: "{}", client_info: None, log_level: None };
    let params = envelope.params();
    ends.say(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{params}}}"#)).await;
    assert_eq!(ends.hear().await.result(), Some(params.as_str()));
    ends.say(&format!(r#"{{"jsonrpc":"2.0","id":2,"method":"ping","params":{params}}}"#)).await;
    assert_eq!(mcp_protocol::code::of(&ends.hear().await), Some(mcp_protocol::code::METHOD_NOT_FOUND));
    let future = params.replace("2026-07-28", "2031-01-01");
    ends.say(&format!(r#"{{"jsonrpc":"2.0","id":3,"method":"tools/call","params":{future}}}"#)).await;
    assert_eq!(mcp_protocol::code::of(&ends.hear().await), Some(mcp_protocol::code::UNSUPPORTED_VERSION));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_message_is_answered_and_the_stream_lives_on() {
    let mut ends = Ends::greeted(Era::Legacy).await;
    for (text, id) in [
        ("garbage", None),
        (r#"{"jsonrpc":"2.0","id":5,"method":7}"#, Some(Id::from(5))),
        ("[]", None),
        (&format!("[{}]", call(1, method::TOOLS_CALL)), None),
    ] {
        ends.say(text).await;
        let refusal = ends.hear().await;
        assert!(refusal.is_error(), "{text}");
        assert_eq!(refusal.id(), id, "{text}");
    }
    ends.say(&call(2, method::TOOLS_CALL)).await;
    assert_eq!(ends.hear().await.id(), Some(Id::from(2)));
}

#[tokio::test(start_paused = true)]
async fn whoever_hangs_up_gets_the_answers_and_a_call_without_one_is_not_waited_for() {
    let mut ends = Ends::greeted(Era::Legacy).await;
    ends.say(&call(1, method::TOOLS_CALL)).await;
    ends.input.shutdown().await.unwrap();
    assert_eq!(ends.hear().await.id(), Some(Id::from(1)));
    ends.served.await.unwrap().unwrap();

    let mut ends = Ends::greeted(Era::Legacy).await;
    ends.say(&call(1, method::PROMPTS_GET)).await;
    ends.input.shutdown().await.unwrap();
    let start = tokio::time::Instant::now();
    ends.served.await.unwrap().unwrap();
    assert_eq!(start.elapsed(), crate::Limits::default().drain);
}

#[tokio::test(start_paused = true)]
async fn a_client_may_send_much_before_it_reads() {
    let mut ends = Ends::greeted(Era::Legacy).await;
    for id in 0..2000 {
        ends.say(&call(id, method::TOOLS_CALL)).await;
    }
    let mut heard: Vec<_> = Vec::new();
    for _ in 0..2000 {
        let answer = ends.hear().await;
        assert!(!answer.is_error(), "{:?}", answer.error());
        heard.push(answer.id().and_then(|id| id.as_u64()).unwrap());
    }
    heard.sort_unstable();
    assert!(heard.into_iter().eq(0..2000));
}
