//! A legacy server that does what its tools are called, over connections that tell when they are left.

use std::sync::Mutex;

use async_trait::async_trait;
use futures::StreamExt;
use mcp_protocol::InitializeResult;
use mcp_transport::{ConnectError, Handshake, Memory, MemoryEnd};

use super::*;

/// All that the server has heard, in order, each as method and params, or as its text if it is an answer.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn push(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(super) fn all(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

pub(super) const CAPABILITIES: &str = r#"{"tools":{"listChanged":true},"resources":{"subscribe":true,"listChanged":false},"prompts":{},"logging":{},"completions":{},"tasks":{"list":{}},"experimental":{"x":{}}}"#;

/// Opens a connection for each caller.
#[derive(Debug)]
pub(super) struct Door {
    inner: Handshake,
    log: Log,
    /// Kept, because a server in memory does not outlive its connection.
    kept: Mutex<Vec<Arc<dyn Connection>>>,
}

impl Door {
    pub(super) fn new(log: Log) -> Self {
        let heard = log.clone();
        let memory = Memory::new(move |end| Server { end, log: heard.clone(), is_over: false }.run());
        let us = Client { info: r#"{"name":"p","version":"1"}"#.into(), capabilities: "{}".into() };
        Self { inner: Handshake::new(Arc::new(memory), Arc::new(us)), log, kept: Mutex::default() }
    }
}

#[async_trait]
impl Transport for Door {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        assert_eq!(caller.revision, Revision::LATEST_LEGACY);
        assert!(caller.session.is_none());
        let inner = self.inner.connect(caller).await?;
        self.kept.lock().unwrap().push(Arc::clone(&inner));
        Ok(Arc::new(Watched { inner, log: self.log.clone() }))
    }
}

/// A connection that goes on when it is closed, and tells that it was.
#[derive(Debug)]
struct Watched {
    inner: Arc<dyn Connection>,
    log: Log,
}

#[async_trait]
impl Connection for Watched {
    fn peer(&self) -> Arc<Peer> {
        self.inner.peer()
    }

    async fn call(&self, request: Request) -> Result<Reply, SendError> {
        self.inner.call(request).await
    }

    async fn tell(&self, message: Message, caller: &Arc<Caller>) -> Result<(), SendError> {
        self.inner.tell(message, caller).await
    }

    fn events(&self) -> Option<Events> {
        self.inner.events()
    }

    async fn closed(&self) -> Arc<Closed> {
        self.inner.closed().await
    }

    async fn close(&self) {
        self.log.push("left");
    }
}

struct Server {
    end: MemoryEnd,
    log: Log,
    is_over: bool,
}

impl Server {
    async fn run(mut self) {
        while !self.is_over {
            let Some(message) = self.next().await else { break };
            let Some(id) = message.id() else { continue };
            let params = message.params().unwrap_or("{}").to_owned();
            match message.method() {
                Some(method::INITIALIZE) => {
                    let info = r#"{"name":"old","version":"1"}"#;
                    let result = InitializeResult::write("2025-11-25", CAPABILITIES, info, Some("\"be nice\""));
                    self.result(&id, &result).await;
                }
                Some(method::TOOLS_CALL | method::PROMPTS_GET) => {
                    let name = message.value(&["params", "name"]).unwrap_or_default().trim_matches('"').to_owned();
                    self.tool(&id, &name, &message).await;
                }
                Some(method::RESOURCES_READ) => {
                    let data = message.value(&["params", "data"]);
                    self.error(&id, code::RESOURCE_NOT_FOUND, data).await;
                }
                Some(method::LOGGING_SET_LEVEL) if params.contains("emergency") => {}
                Some(method::RESOURCES_SUBSCRIBE) if params.contains("silent") => {}
                Some(method::RESOURCES_SUBSCRIBE) => {
                    self.result(&id, "{}").await;
                    if params.contains("last") {
                        self.changes().await;
                        self.is_over = params.contains("end");
                    }
                }
                Some(method::TOOLS_LIST) => self.result(&id, r#"{"tools":[],"nextCursor":"c"}"#).await,
                Some(method::LOGGING_SET_LEVEL) => self.result(&id, "{}").await,
                Some("vendor/echo") => self.result(&id, &params).await,
                Some("vendor/ask") => {
                    self.ask(90, method::ROOTS_LIST, "{}").await;
                    self.next().await;
                    self.result(&id, "{}").await;
                }
                _ => self.error(&id, code::METHOD_NOT_FOUND, None).await,
            }
        }
    }

    async fn tool(&mut self, id: &Id, name: &str, call: &Message) {
        match name {
            "echo" => {
                let params = call.params().unwrap();
                self.result(id, &format!(r#"{{"content":[],"structuredContent":{params}}}"#)).await;
            }
            "progress" => {
                let token = call.value(&meta::PROGRESS_TOKEN_PATH).unwrap().to_owned();
                self.progress(&token, 1).await;
                self.progress(&token, 2).await;
                self.done(id, &[]).await;
            }
            "log" => {
                for (level, data) in [("debug", 1), ("error", 2)] {
                    self.note(method::MESSAGE, &format!(r#"{{"level":"{level}","data":{data}}}"#)).await;
                }
                self.note(method::TOOLS_LIST_CHANGED, "{}").await;
                self.done(id, &[]).await;
            }
            "hang" => {
                self.next().await;
            }
            "exit" => self.is_over = true,
            "one" => {
                self.elicit(7).await;
                let answers = self.answers(1).await;
                if let Some(token) = call.value(&meta::PROGRESS_TOKEN_PATH) {
                    self.progress(token, 3).await;
                }
                self.done(id, &answers).await;
            }
            // Do not wait for an answer.
            "impatient" => {
                self.elicit(7).await;
                sleep(Duration::from_secs(1)).await;
                self.done(id, &[]).await;
            }
            "faint" => {
                self.elicit(7).await;
                sleep(Duration::from_secs(1)).await;
                self.is_over = true;
            }
            "nowhere" => self.error(id, code::URL_ELICITATION_REQUIRED, Some(r#"{"elicitations":[]}"#)).await,
            "three" => {
                self.elicit(7).await;
                self.ask(8, method::SAMPLING_CREATE_MESSAGE, r#"{"messages":[],"maxTokens":1}"#).await;
                self.ask(9, method::ROOTS_LIST, "{}").await;
                let answers = self.answers(3).await;
                self.done(id, &answers).await;
            }
            "rounds" => {
                let mut answers = Vec::new();
                for round in 0..3 {
                    self.elicit(round).await;
                    answers.extend(self.answers(1).await);
                }
                self.done(id, &answers).await;
            }
            "visit" => {
                let data = r#"{"elicitations":[{"mode":"url","elicitationId":"e","url":"https://a.example/","message":"go"}]}"#;
                let visits = self.log.all().iter().filter(|line| line.contains("visit")).count();
                if visits < 2 {
                    self.error(id, code::URL_ELICITATION_REQUIRED, Some(data)).await;
                } else {
                    self.done(id, &[]).await;
                }
            }
            _ => self.error(id, code::INVALID_PARAMS, Some(r#"{"x":1}"#)).await,
        }
    }

    /// All kinds of changes, a log, and a question that belongs to no call.
    async fn changes(&mut self) {
        self.note(method::TOOLS_LIST_CHANGED, r#"{"_meta":{"v/a":1}}"#).await;
        self.note(method::PROMPTS_LIST_CHANGED, "{}").await;
        self.note(method::MESSAGE, r#"{"level":"error","data":1}"#).await;
        self.note(method::RESOURCES_UPDATED, r#"{"uri":"file:///last"}"#).await;
        self.ask(50, method::ROOTS_LIST, "{}").await;
    }

    async fn next(&mut self) -> Option<Message> {
        let message = self.end.next().await?;
        self.log.push(match message.method() {
            Some(name) => format!("{name} {}", message.params().unwrap_or_default()),
            None => String::from_utf8(message.to_bytes().to_vec()).unwrap(),
        });
        Some(message)
    }

    /// Answers to questions; none for one that is refused.
    async fn answers(&mut self, count: usize) -> Vec<String> {
        let mut answers = Vec::new();
        while answers.len() < count {
            let Some(message) = self.next().await else { break };
            match message.kind() {
                Kind::Response => answers.push(message.result().unwrap_or("null").to_owned()),
                Kind::Notification => break,
                Kind::Request => self.result(&message.id().unwrap(), "{}").await,
            }
        }
        answers
    }

    async fn elicit(&self, id: u64) {
        let params = r#"{"message":"who?","requestedSchema":{"type":"object","properties":{}}}"#;
        self.ask(id, method::ELICITATION_CREATE, params).await;
    }

    async fn ask(&self, id: u64, method: &str, params: &str) {
        self.end.send(Message::request(&Id::from(id), method, Some(params))).await;
    }

    async fn note(&self, method: &str, params: &str) {
        self.end.send(Message::notification(method, Some(params))).await;
    }

    async fn progress(&self, token: &str, value: u32) {
        self.note(method::PROGRESS, &format!(r#"{{"progressToken":{token},"progress":{value}}}"#)).await;
    }

    async fn done(&self, id: &Id, answers: &[String]) {
        let result = format!(r#"{{"content":[],"structuredContent":{{"answers":[{}]}}}}"#, answers.join(","));
        self.result(id, &result).await;
    }

    async fn result(&self, id: &Id, result: &str) {
        self.end.send(Message::response(id, result)).await;
    }

    async fn error(&self, id: &Id, code: i64, data: Option<&str>) {
        self.end.send(Message::error_response(Some(id), code, "no", data)).await;
    }
}
