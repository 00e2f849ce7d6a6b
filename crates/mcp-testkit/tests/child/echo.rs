//! The echo server keeps the rules, in both eras.

use futures::future::join;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::method::{SERVER_DISCOVER, TOOLS_CALL, TOOLS_LIST};
use mcp_transport_stdio::StdioServer;

use super::{Marked, initialize, response, tool};

const MODERN: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"elicitation":{}}}"#;

fn server() -> Marked {
    Marked::new(StdioServer::new(env!("CARGO_BIN_EXE_echo-server")))
}

#[tokio::test]
async fn calls_overlap_and_answer_when_they_are_due() {
    let server = server();
    let connection = server.connect().await;
    initialize(&connection).await;
    let slow = tool(&connection, "echo", r#"{"text":"slow","delay":300}"#);
    let quick = async {
        let text = tool(&connection, "echo", r#"{"text":"quick","delay":1}"#).await.unwrap();
        (text, std::time::Instant::now())
    };
    let slow = async { (slow.await.unwrap(), std::time::Instant::now()) };
    let (slow, quick) = join(slow, quick).await;
    assert_eq!((slow.0.as_str(), quick.0.as_str()), ("slow", "quick"));
    assert!(quick.1 < slow.1);
    connection.close().await;
}

#[tokio::test]
async fn progress_comes_before_the_answer() {
    let server = server();
    let connection = server.connect().await;
    for delay in [0, 20] {
        let arguments = format!(r#"{{"text":"x","progress":3,"delay":{delay}}}"#);
        let params = format!(r#"{{"name":"echo","arguments":{arguments},"_meta":{{"progressToken":7}}}}"#);
        let (_, notes) = response(&connection, TOOLS_CALL, &params).await.unwrap();
        assert!((1..=3).contains(&notes), "{notes}: progress may be coalesced");
    }
    connection.close().await;
}

#[tokio::test]
async fn a_question_is_asked_during_the_call() {
    let server = server();
    let connection = server.connect().await;
    let params = r#"{"name":"ask","arguments":{}}"#;
    let mut reply = super::request(&connection, TOOLS_CALL, params).await.unwrap();
    let question = futures::StreamExt::next(&mut reply).await.unwrap().unwrap();
    assert_eq!(question.method(), Some("elicitation/create"));
    let said = r#"{"action":"accept","content":{"name":"Ada"}}"#;
    let answer = Message::response(&question.id().unwrap(), said);
    connection.tell(answer, &super::caller()).await.unwrap();
    let result = futures::StreamExt::next(&mut reply).await.unwrap().unwrap();
    assert_eq!(super::text(&result), said);
    connection.close().await;
}

#[tokio::test]
async fn a_modern_question_is_a_result_and_a_second_call() {
    let server = server();
    let connection = server.connect().await;
    let params = format!(r#"{{"name":"ask","arguments":{{}},{MODERN}}}"#);
    let (first, _) = response(&connection, TOOLS_CALL, &params).await.unwrap();
    assert_eq!(first.value(&["result", "resultType"]), Some(r#""input_required""#));
    let said = r#"{"action":"decline"}"#;
    let params = format!(r#"{{"name":"ask","arguments":{{}},"inputResponses":{{"question":{said}}},{MODERN}}}"#);
    let (second, _) = response(&connection, TOOLS_CALL, &params).await.unwrap();
    assert_eq!(super::text(&second), said);
    connection.close().await;
}

#[tokio::test]
async fn it_introduces_itself_and_lists_its_tools_in_both_eras() {
    let server = server();
    let connection = server.connect().await;
    let (discovered, _) = response(&connection, SERVER_DISCOVER, &format!("{{{MODERN}}}")).await.unwrap();
    assert_eq!(discovered.value(&["result", "supportedVersions"]), Some(r#"["2026-07-28"]"#));
    let (modern, _) = response(&connection, TOOLS_LIST, &format!("{{{MODERN}}}")).await.unwrap();
    let (legacy, _) = response(&connection, TOOLS_LIST, "{}").await.unwrap();
    assert_eq!(modern.value(&["result", "tools"]), legacy.value(&["result", "tools"]));
    assert!(modern.value(&["result", "ttlMs"]).is_some() && legacy.value(&["result", "ttlMs"]).is_none());
    let (unknown, _) = response(&connection, "no/such", "{}").await.unwrap();
    assert!(unknown.is_error() && unknown.id() == Some(Id::from(1)));
    connection.close().await;
}
