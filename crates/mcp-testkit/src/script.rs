//! A server that says what it was told to say.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use bytes::Bytes;
use futures::StreamExt;
use mcp_jsonrpc::{Kind, Message};
use mcp_protocol::meta;
use mcp_transport::{Memory, MemoryEnd};

use crate::Greeting;

/// A server inside the test process: each method has its texts, and everything heard is kept.
///
/// It introduces itself in both eras, answers `ping`, has no tools, and knows no other method until it is told. Clones
/// share what was heard.
#[derive(Clone, Debug, Default)]
pub struct Script {
    lines: HashMap<String, Vec<String>>,
    heard: Arc<Mutex<Vec<Message>>>,
}

const GREETING: Greeting = Greeting { name: "script", capabilities: r#"{"tools":{}}"#, tools: "[]" };

impl Script {
    /// A server that only introduces itself.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers requests for `method` with this result (JSON text).
    #[must_use]
    pub fn answer(self, method: &str, result: &str) -> Self {
        self.say(method, [format!(r#"{{"jsonrpc":"2.0","id":$id,"result":{result}}}"#)])
    }

    /// On every message of this method, sends these texts in order; none: stays silent. `$id` stands for the request's id and
    /// `$token` for its progress token, as JSON text.
    #[must_use]
    pub fn say(mut self, method: &str, texts: impl IntoIterator<Item = impl Into<String>>) -> Self {
        self.lines.insert(method.to_owned(), texts.into_iter().map(Into::into).collect());
        self
    }

    /// A transport that reaches this server.
    #[must_use]
    pub fn transport(&self) -> Memory {
        let script = self.clone();
        Memory::new(move |end| script.clone().serve(end))
    }

    /// Everything heard so far, over all connections.
    #[must_use]
    pub fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The messages of this method among everything heard so far.
    #[must_use]
    pub fn heard_of(&self, method: &str) -> Vec<Message> {
        self.heard().into_iter().filter(|message| message.method() == Some(method)).collect()
    }

    async fn serve(self, mut end: MemoryEnd) {
        while let Some(message) = end.next().await {
            self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(message.clone());
            for answer in self.answers(&message) {
                end.send(answer).await;
            }
        }
    }

    fn answers(&self, message: &Message) -> Vec<Message> {
        if let Some(texts) = message.method().and_then(|method| self.lines.get(method)) {
            return texts.iter().map(|text| fill_in(text, message)).collect();
        }
        if message.kind() != Kind::Request {
            return Vec::new();
        }
        vec![GREETING.answer(message).unwrap_or_else(|| Greeting::unknown(message))]
    }
}

fn fill_in(text: &str, message: &Message) -> Message {
    let id = message.id().map_or("null".to_owned(), |id| id.to_string());
    let token = message.value(&meta::PROGRESS_TOKEN_PATH).unwrap_or("null");
    let text = text.replace("$id", &id).replace("$token", token);
    Message::parse(Bytes::from(text)).expect("a script holds JSON-RPC messages")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use futures::StreamExt;
    use mcp_jsonrpc::Id;
    use mcp_protocol::Revision;
    use mcp_transport::{Caller, Connection, Request, Transport};

    use super::*;

    async fn replies(connection: &Arc<dyn Connection>, method: &str, params: Option<&str>) -> Vec<String> {
        let caller = Caller::proxy(Revision::LATEST_LEGACY);
        let request = Request::new(Message::request(&Id::from(5), method, params), caller).unwrap();
        let reply = connection.call(request).await.unwrap();
        reply.map(|message| String::from_utf8(message.unwrap().to_bytes().to_vec()).unwrap()).collect().await
    }

    #[tokio::test]
    async fn it_says_its_lines_and_remembers_what_it_heard() {
        let note =
            r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":$token,"progress":1}}"#;
        let script = Script::new().say("a", [note, r#"{"jsonrpc":"2.0","id":$id,"result":{"n":1}}"#]).answer("b", "{}");
        let connection = script.transport().connect(&Caller::proxy(Revision::LATEST_LEGACY)).await.unwrap();
        let texts = replies(&connection, "a", Some(r#"{"_meta":{"progressToken":"t"}}"#)).await;
        assert!(texts[0].contains(r#""progressToken":"t""#), "{texts:?}");
        assert_eq!(texts[1], r#"{"jsonrpc":"2.0","id":5,"result":{"n":1}}"#);
        assert_eq!(replies(&connection, "b", None).await, [r#"{"jsonrpc":"2.0","id":5,"result":{}}"#]);
        assert!(replies(&connection, "c", None).await[0].contains("error"));
        assert!(replies(&connection, "initialize", None).await[0].contains("script"));
        assert_eq!((script.heard().len(), script.heard_of("a").len()), (4, 1));
    }
}
