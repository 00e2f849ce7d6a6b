//! Terminals, over a real connection.

use futures::{SinkExt, StreamExt};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_tungstenite::{
    WebSocketStream,
    tungstenite::{Message, protocol::Role},
};

use super::*;

async fn open(scene: &Scene) -> String {
    let (status, opened) = scene.ask(Method::POST, "/terminals", r#"{"cols": 90, "rows": 20}"#).await;
    assert_eq!(status, 201, "{opened}");
    opened["id"].as_str().unwrap().to_owned()
}

async fn ticket(scene: &Scene, id: &str) -> String {
    let (status, ticket) = scene.ask(Method::POST, &format!("/terminals/{id}/ticket"), "").await;
    assert_eq!(status, 200, "{ticket}");
    ticket["ticket"].as_str().unwrap().to_owned()
}

/// Asks for the WebSocket of a terminal; the status, and the connection after the head of the answer.
async fn connect(scene: &Scene, port: u16, origin: &str, id: &str, ticket: &str) -> (u16, TcpStream) {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let cookie = &scene.cookie;
    let head = format!(
        "GET /api/v1/terminals/{id}/socket?ticket={ticket} HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: {origin}\r\n\
         Cookie: {cookie}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"\r\n\r\n") {
        answer.push(stream.read_u8().await.unwrap());
    }
    let answer = String::from_utf8(answer).unwrap();
    let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
    assert_eq!(status == 101, answer.contains("s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "{answer}");
    (status, stream)
}

#[tokio::test]
async fn a_terminal_is_opened_with_a_ticket_used_left_found_again_and_ended() {
    let scene = scene_with(|options| options.terminal = true).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let ours = format!("http://localhost:{port}");
    let (end, ended) = tokio::sync::oneshot::channel::<()>();
    let person = async {
        let id = open(&scene).await;
        let first = ticket(&scene, &id).await;
        assert_eq!(connect(&scene, port, "https://evil.example", &id, &first).await.0, 403);
        assert_eq!(connect(&scene, port, &ours, &id, "made-up").await.0, 403);
        let (status, stream) = connect(&scene, port, &ours, &id, &first).await;
        assert_eq!(status, 101);
        assert_eq!(connect(&scene, port, &ours, &id, &first).await.0, 403, "it was used");

        let mut browser = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        // What is typed is shown as well, so the answer is one that stands nowhere in the question.
        browser.send(Message::binary(&b"echo $((6*7))-$(stty size)\n"[..])).await.unwrap();
        until(&mut browser, "42-20 90").await;
        assert!(scene.get("/terminals").await["terminals"][0]["attached"] == true);
        drop(browser);

        let again = ticket(&scene, &id).await;
        let (_, stream) = connect(&scene, port, &ours, &id, &again).await;
        let mut browser = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        until(&mut browser, "42-20 90").await;
        assert_eq!(scene.ask(Method::DELETE, &format!("/terminals/{id}"), "").await.0, 204);
        let told = until(&mut browser, "exit").await;
        assert!(told.contains(r#"{"exit":{"#), "{told}");
        assert_eq!(scene.get("/terminals").await["terminals"], serde_json::json!([]));
        assert_eq!(scene.ask(Method::DELETE, &format!("/terminals/{id}"), "").await.0, 404);

        // Whatever is open at the end ends with the hub.
        let id = open(&scene).await;
        let last = ticket(&scene, &id).await;
        let (_, stream) = connect(&scene, port, &ours, &id, &last).await;
        end.send(()).unwrap();
        let mut browser = WebSocketStream::from_raw_socket(stream, Role::Client, None).await;
        until(&mut browser, "exit").await;
    };
    tokio::join!(scene.admin.run(listener, async { drop(ended.await) }), person);
    assert!(scene.state().terminals.list().is_empty());
}

/// All that is shown until `text` is.
async fn until(browser: &mut WebSocketStream<TcpStream>, text: &str) -> String {
    let mut shown = String::new();
    while !shown.contains(text) {
        match browser.next().await.unwrap().unwrap() {
            Message::Binary(bytes) => shown.push_str(&String::from_utf8_lossy(&bytes)),
            Message::Text(text) => shown.push_str(&text),
            Message::Ping(_) => {}
            other => panic!("{other:?} after {shown:?}"),
        }
    }
    shown
}

#[tokio::test]
async fn there_is_none_unless_it_was_asked_for() {
    let scene = scene().await;
    assert_eq!(scene.ask(Method::POST, "/terminals", r#"{"cols": 90, "rows": 20}"#).await.0, 403);
    assert_eq!(scene.ask(Method::GET, "/terminals", "").await.0, 403);
    let with = With { origin: Some(OURS), ..With::default() };
    let answer = scene.send(Method::GET, "/api/v1/terminals/x/socket?ticket=x", "", &with).await;
    assert_eq!(answer.status(), 403);
}

#[tokio::test]
async fn every_terminal_is_told_in_the_audit() {
    let scene = scene_with(|options| options.terminal = true).await;
    let id = open(&scene).await;
    let (status, _) = scene.ask(Method::DELETE, &format!("/terminals/{id}"), "").await;
    assert_eq!(status, 204);
    let audit = scene.get("/audit").await;
    let what: Vec<_> = audit["entries"].as_array().unwrap().iter().map(|entry| entry["what"].clone()).collect();
    assert_eq!(what[..2], ["endTerminal", "openTerminal"]);
}
