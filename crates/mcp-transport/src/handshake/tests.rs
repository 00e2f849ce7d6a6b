use futures::StreamExt;

use super::*;
use crate::{Memory, MemoryEnd};

const RESULT: &str =
    r#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"s","version":"1"},"x":1}"#;

fn proxy() -> Arc<Client> {
    Arc::new(Client { info: r#"{"name":"p","version":"0"}"#.into(), capabilities: r#"{"roots":{}}"#.into() })
}

/// Connects to a server that does what `serve` does.
async fn connect<F>(serve: impl Fn(MemoryEnd) -> F + Send + Sync + 'static) -> Result<Arc<dyn Connection>, ConnectError>
where
    F: Future<Output = ()> + Send + 'static,
{
    let memory = Arc::new(Memory::new(serve));
    let caller = Caller::proxy(Revision::LATEST_LEGACY);
    Handshake::new(memory, proxy()).connect(&caller).await
}

/// Answers the first request with `result` and waits for the end.
async fn answer_once(mut end: MemoryEnd, answer: impl FnOnce(Id) -> Message) {
    let initialize = end.next().await.unwrap();
    assert_eq!(initialize.method(), Some(method::INITIALIZE));
    end.send(answer(initialize.id().unwrap())).await;
    while end.next().await.is_some() {}
}

#[tokio::test]
async fn the_peer_is_who_the_server_says_it_is() {
    let connection = connect(|mut end| async move {
        let initialize = end.next().await.unwrap();
        let params = InitializeParams::read(initialize.params().unwrap()).unwrap();
        assert_eq!((&*params.protocol_version, params.capabilities.get()), ("2025-11-25", r#"{"roots":{}}"#));
        end.send(Message::response(&initialize.id().unwrap(), RESULT)).await;
        assert_eq!(end.next().await.unwrap().method(), Some(method::INITIALIZED));
        while end.next().await.is_some() {}
    })
    .await
    .unwrap();
    let peer = connection.peer();
    assert_eq!((peer.revision, &*peer.handshake), (Revision::V2025_06_18, RESULT));
    assert_eq!(peer.capabilities(), r#"{"tools":{}}"#);
}

#[tokio::test]
async fn a_refusal_keeps_the_servers_reason() {
    let refused =
        connect(|end| answer_once(end, |id| Message::error_response(Some(&id), -1, "no\u{1b}[m", Some("{}"))));
    let error = refused.await.unwrap_err();
    assert_eq!(error.to_string(), "the server refused the handshake with error -1: no [m");
    assert!(!error.is_transient());
}

#[tokio::test]
async fn a_revision_we_do_not_know_is_named() {
    for version in ["1999-01-01", "2026-07-28"] {
        let result = RESULT.replace("2025-06-18", version);
        let refused = connect(move |end| {
            let result = result.clone();
            answer_once(end, move |id| Message::response(&id, &result))
        });
        assert!(matches!(refused.await.unwrap_err(), ConnectError::Revision(named) if named == version));
    }
}

#[tokio::test]
async fn a_server_that_leaves_is_noticed() {
    let error = connect(|_| async {}).await.unwrap_err();
    assert!(matches!(error, ConnectError::Ended(_)), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_is_given_up() {
    let error = connect(|mut end| async move { while end.next().await.is_some() {} }).await.unwrap_err();
    assert!(matches!(error, ConnectError::Timeout { after: Handshake::PATIENCE, .. }), "{error}");
}
