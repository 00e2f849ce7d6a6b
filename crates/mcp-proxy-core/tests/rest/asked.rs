//! Requests of REST, and what servers say to them.

use http::Method;
use mcp_jsonrpc::Message;
use mcp_proxy_core::{Limits, Proxy, ServerOptions, auth::Keys, transport::Secret};
use mcp_testkit::Script;

use crate::{
    client::{Ask, Client, Got, ask, post},
    server::Played,
};

pub(crate) const TOOLS: &str = r#"{"tools":[{"name":"t","inputSchema":{"type":"object"}}]}"#;
pub(crate) const RESULT: &str = r#"{"content":[{"type":"text","text":"hi"}],"isError":false}"#;
pub(crate) const CALL: &str = "/api/mcp/lab/tools/t/execute";
pub(crate) const ALICE: &str = "alice-s3cret-0123456789";
pub(crate) const BOB: &str = "bob-s3cret-0123456789";

/// A server with one tool, `t`.
pub(crate) fn script() -> Script {
    Script::new().answer("tools/list", TOOLS).answer("tools/call", RESULT)
}

pub(crate) fn rest(server: ServerOptions) -> Client {
    Client::build(Proxy::builder().server_with(server).rest())
}

pub(crate) fn rest_with(server: ServerOptions, limits: Limits) -> Client {
    Client::build(Proxy::builder().server_with(server).limits(limits).rest())
}

/// The same, for holders of the keys of Alice and Bob.
pub(crate) fn keyed(server: ServerOptions) -> Client {
    let keys = [("alice", ALICE), ("bob", BOB)].map(|(name, key)| (name.into(), Secret::new(key)));
    Client::build(Proxy::builder().server_with(server).keys(Keys::new(keys).unwrap()).rest())
}

pub(crate) fn fetch(path: &str) -> Ask {
    ask(Method::GET, path)
}

pub(crate) fn send(path: &str, body: &str) -> Ask {
    post(body).at(path).accept("*/*")
}

/// A call of the tool `t`.
pub(crate) fn call() -> Ask {
    send(CALL, r#"{"a":1}"#)
}

impl Played {
    /// The next call of `t`; lists of tools are answered before it.
    pub(crate) async fn hear_call(&mut self) -> Message {
        loop {
            let message = self.next().await.expect("the connection is open");
            match message.method() {
                Some("tools/list") => self.answer(&message, TOOLS).await,
                Some("tools/call") => return message,
                other => panic!("{other:?}"),
            }
        }
    }
}

impl Got {
    #[track_caller]
    pub(crate) fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status, &*self.text), (status, text));
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// An envelope of this kind.
    #[track_caller]
    pub(crate) fn fails(&self, status: u16, kind: &str) {
        assert_eq!(self.status, status, "{}", self.text);
        let begin = format!(r#"{{"error":"{kind}","message":""#);
        assert!(self.text.starts_with(&begin), "{}", self.text);
        assert_eq!(self.header("content-type"), Some("application/json"));
    }

    /// A member of the body that is a string.
    #[track_caller]
    pub(crate) fn text_of(&self, name: &str) -> String {
        let place = mcp_jsonrpc::field::find(&self.text, &[name]).unwrap();
        let place = place.unwrap_or_else(|| panic!("no `{name}`: {}", self.text));
        mcp_jsonrpc::field::unescape(&self.text[place]).unwrap().into_owned()
    }
}
