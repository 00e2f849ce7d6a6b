mod asking;
mod listening;
mod plain;

use std::time::Duration;

use futures::StreamExt;
use mcp_protocol::{Claim, meta};
use mcp_transport::{Client, Introduced, Lost, Memory, Principal, Transport};
use tokio::sync::mpsc;

use super::*;

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true,"listChanged":true},"logging":{},"extensions":{"a/b":{}}},"ttlMs":0,"cacheScope":"public","_meta":{"io.modelcontextprotocol/serverInfo":{"name":"s","version":"1"}}}"#;

const ALL: &str = r#"{"roots":{"listChanged":true},"sampling":{},"elicitation":{"form":{},"url":{}}}"#;

/// A modern server whose part the test plays.
struct Server {
    heard: mpsc::Receiver<Message>,
    says: mpsc::Sender<Message>,
}

/// A legacy client in front of it.
struct Legacy {
    server: Arc<AsLegacy>,
    caller: Arc<Caller>,
}

async fn pair(discovered: &str, revision: Revision, capabilities: Option<&str>) -> (Legacy, Server) {
    let (to_test, heard) = mpsc::channel(64);
    let (says, from_test) = mpsc::channel::<Message>(64);
    let from_test = Arc::new(tokio::sync::Mutex::new(from_test));
    let memory = Memory::new(move |mut end| {
        let (to_test, from_test) = (to_test.clone(), Arc::clone(&from_test));
        async move {
            let mut from_test = from_test.lock().await;
            loop {
                tokio::select! {
                    Some(message) = end.next() => to_test.send(message).await.unwrap(),
                    said = from_test.recv() => match said {
                        Some(message) => end.send(message).await,
                        None => return,
                    },
                }
            }
        }
    });
    let mut caller = Caller::new(Principal::Anonymous, revision);
    caller.session = Some("session".into());
    caller.client = capabilities
        .map(|capabilities| Client { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: capabilities.into() })
        .map(Arc::new);
    let caller = Arc::new(caller);
    let raw = memory.connect(&caller).await.unwrap();
    let peer = Peer { revision: Revision::LATEST, handshake: discovered.into() };
    let modern = Arc::new(Introduced::new(raw, peer));
    let server = AsLegacy::new("calendar", modern, &caller);
    (Legacy { server, caller }, Server { heard, says })
}

async fn usual() -> (Legacy, Server) {
    pair(DISCOVERED, Revision::V2025_11_25, Some(ALL)).await
}

impl Server {
    async fn next(&mut self) -> Message {
        timeout(Duration::from_mins(5), self.heard.recv()).await.expect("the server is sent something").unwrap()
    }

    /// Nothing comes for an hour.
    async fn hears_nothing(&mut self) {
        assert!(timeout(Duration::from_hours(1), self.heard.recv()).await.is_err());
    }

    async fn say(&self, message: Message) {
        self.says.send(message).await.unwrap();
    }

    async fn answer(&self, request: &Message, result: &str) {
        self.say(Message::response(&request.id().unwrap(), result)).await;
    }

    async fn refuse(&self, request: &Message, code: i64, data: Option<&str>) {
        self.say(Message::error_response(Some(&request.id().unwrap()), code, "no", data)).await;
    }
}

impl Legacy {
    async fn call(&self, id: &str, method: &str, params: Option<&str>) -> Reply {
        let message = Message::request(&Id::parse(id).unwrap(), method, params);
        self.server.call(Request::new(message, Arc::clone(&self.caller)).unwrap()).await.unwrap()
    }

    async fn response(&self, method: &str, params: Option<&str>) -> Message {
        self.call("1", method, params).await.response().await.unwrap()
    }

    async fn answer(&self, question: &Message, result: &str) {
        self.tell(Message::response(&question.id().unwrap(), result)).await;
    }

    async fn refuse(&self, question: &Message) {
        self.tell(Message::error_response(Some(&question.id().unwrap()), -1, "not now", None)).await;
    }

    async fn tell(&self, message: Message) {
        self.server.tell(message, &self.caller).await.unwrap();
    }
}

async fn next(stream: &mut (impl futures::Stream<Item = Result<Message, Lost>> + Unpin)) -> Message {
    timeout(Duration::from_mins(5), stream.next()).await.expect("something comes").unwrap().unwrap()
}

/// Reads on, whether or not anybody waits: a call goes on only as far as it is read.
fn reading(mut reply: Reply) -> impl futures::Stream<Item = Result<Message, Lost>> + Unpin {
    let (read, messages) = mpsc::channel(64);
    tokio::spawn(async move {
        while let Some(message) = reply.next().await {
            read.send(message).await.unwrap();
        }
    });
    Box::pin(stream::unfold(messages, async |mut messages| Some((messages.recv().await?, messages))))
}

async fn event(events: &mut Events) -> Message {
    timeout(Duration::from_mins(5), events.next()).await.expect("an event").unwrap()
}

fn text(message: &Message) -> String {
    String::from_utf8(message.to_bytes().to_vec()).unwrap()
}
