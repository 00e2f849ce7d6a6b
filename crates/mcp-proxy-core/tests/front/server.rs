//! A server that the test plays itself, once the handshake is done.

use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use mcp_jsonrpc::{Kind, Message};
use mcp_testkit::Greeting;
use mcp_transport::{Memory, MemoryEnd};
use tokio::{sync::mpsc, time::sleep};

const GREETING: Greeting = Greeting { name: "stage", capabilities: r#"{"tools":{}}"#, tools: "[]" };

/// Connections that nobody has looked at yet.
const ROOM: usize = 64;

/// Where the connections to the server come up.
pub(crate) struct Stage(mpsc::Receiver<MemoryEnd>);

/// The server's end of one connection. Dropped, the server has gone.
pub(crate) struct Played(MemoryEnd);

/// A server to be played.
pub(crate) fn stage() -> (Memory, Stage) {
    slow_stage(Duration::ZERO)
}

/// The same; its handshake takes a while.
pub(crate) fn slow_stage(delay: Duration) -> (Memory, Stage) {
    let (sender, receiver) = mpsc::channel(ROOM);
    let server = Memory::new(move |end| greet(end, sender.clone(), delay));
    (server, Stage(receiver))
}

async fn greet(mut end: MemoryEnd, stage: mpsc::Sender<MemoryEnd>, delay: Duration) {
    while let Some(message) = end.next().await {
        match message.method() {
            Some("initialize" | "server/discover") => {
                sleep(delay).await;
                end.send(GREETING.answer(&message).unwrap()).await;
                if message.method() == Some("server/discover") {
                    break;
                }
            }
            Some("notifications/initialized") => break,
            other => panic!("{other:?} before the handshake"),
        }
    }
    // Nobody looks any more when the test is over.
    let _ = stage.send(end).await;
}

impl Stage {
    /// The server's end of the next connection.
    pub(crate) async fn server(&mut self) -> Played {
        Played(self.0.recv().await.unwrap())
    }

    /// Whether nobody has connected since.
    pub(crate) fn is_empty(&mut self) -> bool {
        self.0.try_recv().is_err()
    }
}

impl Played {
    /// The next message; `None` when the proxy has closed the connection.
    pub(crate) async fn next(&mut self) -> Option<Message> {
        self.0.next().await
    }

    /// The next message, which is of this method. Whoever asks for the tools meanwhile is told that there are none.
    pub(crate) async fn hear(&mut self, method: &str) -> Message {
        loop {
            let message = self.next().await.expect("the connection is open");
            if message.method() == Some("tools/list") && method != "tools/list" {
                self.answer(&message, r#"{"tools":[]}"#).await;
                continue;
            }
            assert_eq!(message.method(), Some(method), "{message:?}");
            return message;
        }
    }

    /// The next answer to a question.
    pub(crate) async fn hear_answer(&mut self) -> Message {
        let message = self.next().await.expect("the connection is open");
        assert_eq!(message.kind(), Kind::Response, "{message:?}");
        message
    }

    pub(crate) async fn say(&self, text: &str) {
        self.0.send(Message::parse(Bytes::copy_from_slice(text.as_bytes())).unwrap()).await;
    }

    pub(crate) async fn answer(&self, request: &Message, result: &str) {
        self.0.send(Message::response(&request.id().unwrap(), result)).await;
    }

    /// Says how far a call is.
    pub(crate) async fn progress(&self, request: &Message, progress: u64) {
        let token = request.value(&["params", "_meta", "progressToken"]).unwrap();
        let params = format!(r#"{{"progressToken":{token},"progress":{progress}}}"#);
        self.0.send(Message::notification("notifications/progress", Some(&params))).await;
    }
}
