//! Child processes as connections: what they say, how they end, and that nothing is left of them.
#![cfg(target_os = "linux")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test fails by panicking")]

mod echo;
mod end;
mod orphan;
mod start;
mod talk;

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

use futures::StreamExt;
use mcp_jsonrpc::{Id, Kind, Message, field, quote};
use mcp_protocol::{
    Revision,
    method::{INITIALIZE, TOOLS_CALL},
};
use mcp_testkit::living;
use mcp_transport::{Caller, Connection, Lost, Reply, Request, Secret, SendError, Transport};
use mcp_transport_stdio::{ChildLimit, StdioServer, StopTiming};
use tokio::time::{Instant, sleep};

/// Long enough on a busy machine; nothing waits for it when all is well.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stop that does not wait for the stubborn.
const QUICK: StopTiming = StopTiming {
    stdin_closed: Duration::from_millis(100),
    terminated: Duration::from_millis(100),
    killed: Duration::from_secs(5),
};

/// A server whose processes can be told from all others.
struct Marked {
    server: StdioServer,
    mark: String,
}

impl Marked {
    fn rude(behaviours: &[&str]) -> Self {
        Self::new(StdioServer::new(env!("CARGO_BIN_EXE_rude-server")).args(behaviours))
    }

    fn new(server: StdioServer) -> Self {
        static MARKS: AtomicU32 = AtomicU32::new(0);
        let mark = format!("{}-{}", std::process::id(), MARKS.fetch_add(1, Ordering::Relaxed));
        // Other tests run in this process and have children too.
        let server = server.env("TEST_MARK", Secret::new(mark.clone())).children(ChildLimit::new(100));
        Self { server: server.stop_timing(QUICK), mark: format!("TEST_MARK={mark}") }
    }

    async fn connect(&self) -> Arc<dyn Connection> {
        self.server.connect(&caller()).await.expect("the server starts")
    }

    /// Its living processes.
    fn living(&self) -> usize {
        living(&self.mark).len()
    }

    async fn until_gone(&self) {
        until("nothing is left", PATIENCE, || self.living() == 0).await;
    }
}

fn caller() -> Arc<Caller> {
    Caller::proxy(Revision::LATEST_LEGACY)
}

/// Waits until `condition` holds; there is no event for what other processes do.
async fn until(what: &str, patience: Duration, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < patience, "{what}: not within {patience:?}");
        sleep(Duration::from_millis(10)).await;
    }
}

async fn request(connection: &Arc<dyn Connection>, method: &str, params: &str) -> Result<Reply, SendError> {
    let message = Message::request(&Id::from(1), method, Some(params));
    connection.call(Request::new(message, caller()).expect("it is a request")).await
}

/// The response to a request, and how many notes came before it.
async fn response(connection: &Arc<dyn Connection>, method: &str, params: &str) -> Result<(Message, usize), Lost> {
    let mut reply = request(connection, method, params).await.expect("it is sent");
    let mut notes = 0;
    while let Some(message) = reply.next().await {
        let message = message?;
        if message.kind() == Kind::Response {
            return Ok((message, notes));
        }
        notes += 1;
    }
    panic!("a reply ends with a response or says why not");
}

async fn initialize(connection: &Arc<dyn Connection>) {
    let params = r#"{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}"#;
    let (answer, _) = response(connection, INITIALIZE, params).await.expect("the server introduces itself");
    assert!(answer.result().is_some_and(|result| result.contains("serverInfo")), "{answer:?}");
}

/// Calls a tool and gives back the text it answers with.
async fn tool(connection: &Arc<dyn Connection>, name: &str, arguments: &str) -> Result<String, Lost> {
    let params = format!(r#"{{"name":"{name}","arguments":{arguments}}}"#);
    response(connection, TOOLS_CALL, &params).await.map(|(answer, _)| text(&answer))
}

async fn echo(connection: &Arc<dyn Connection>, text: &str) -> Result<String, Lost> {
    tool(connection, "echo", &format!(r#"{{"text":{}}}"#, quote(text))).await
}

/// The text of a tool's answer.
fn text(answer: &Message) -> String {
    let content = answer.value(&["result", "content"]).unwrap_or_else(|| panic!("no content: {answer:?}"));
    let first = field::elements(content, 1).expect("it is JSON").remove(0);
    let item = &content[first];
    let text = field::find(item, &["text"]).expect("it is JSON").expect("it has a text");
    field::unescape(&item[text]).expect("it is a string").into_owned()
}
