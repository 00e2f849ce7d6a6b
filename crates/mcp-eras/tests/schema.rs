//! Holds what the adapters write against the official schemas.
//!
//! They are read from `$MCP_SPEC_DIR/<revision>/schema.json`. Without that folder nothing is checked, and
//! `cargo xtask test` lists each test as skipped; under `MCP_TESTS_STRICT=1` it fails.
#![expect(clippy::disallowed_types, reason = "a schema is a tree, and the validator wants it as one")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, fs, path::PathBuf, sync::Arc};

use futures::StreamExt;
use mcp_eras::AsLegacy;
use mcp_jsonrpc::{Id, Kind, Message};
use mcp_protocol::{InputRequest, InputRequired, Revision, SubscriptionFilter, acknowledged, change, method};
use mcp_transport::{Caller, Client, Connection, Introduced, Memory, Peer, Principal, Reply, Request, Transport};
use serde_json::Value;
use tokio::sync::mpsc;

// Shared as a file, for a crate this low may not depend on one that tests share.
#[path = "../../../tests/it/skip.rs"]
mod skip;

struct Schema(Value);

impl Schema {
    fn of(revision: Revision) -> Option<Self> {
        let Some(folder) = env::var_os("MCP_SPEC_DIR").map(PathBuf::from) else {
            skip::lacking("the official schemas; `MCP_SPEC_DIR` names a folder with <revision>/schema.json");
            return None;
        };
        let text = fs::read_to_string(folder.join(revision.as_str()).join("schema.json")).unwrap();
        Some(Self(serde_json::from_str(&text).unwrap()))
    }

    #[track_caller]
    fn validate(&self, definition: &str, text: &str) {
        let mut schema = self.0["$defs"][definition].clone();
        assert!(schema.is_object(), "no {definition}");
        for keyword in ["$defs", "$schema"] {
            schema[keyword] = self.0[keyword].clone();
        }
        let instance: Value = serde_json::from_str(text).unwrap();
        if let Err(error) = jsonschema::validate(&schema, &instance) {
            panic!("{definition}: {error} in {text}");
        }
    }

    #[track_caller]
    fn validate_message(&self, definition: &str, message: &Message) {
        self.validate(definition, str::from_utf8(&message.to_bytes()).unwrap());
    }
}

const DISCOVERED: &str = r#"{"resultType":"complete","supportedVersions":["2026-07-28"],"capabilities":{"tools":{"listChanged":true},"resources":{"subscribe":true},"logging":{},"extensions":{"a/b":{}}},"ttlMs":0,"cacheScope":"public"}"#;

const CAN: &str =
    r#"{"roots":{"listChanged":true},"sampling":{"tools":{}},"elicitation":{"form":{},"url":{}},"tasks":{}}"#;

const TOOLS: &str = r#"{"resultType":"complete","ttlMs":0,"cacheScope":"public","tools":[
    {"name":"a","inputSchema":{"type":"object"},"outputSchema":{"type":"array","items":{"type":"string"}}},
    {"name":"b","inputSchema":{"type":"object"},"outputSchema":{"anyOf":[{"type":"string"},{"type":"object"}]}}]}"#;

const FORM: &str = r#"{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}}}"#;
const URL: &str = r#"{"mode":"url","message":"m","url":"https://a.example/"}"#;
const PROMPT: &str = r#"{"messages":[{"role":"user","content":{"type":"text","text":"t"}}],"maxTokens":1}"#;

/// Everything a client can be asked, what that is called, and an answer to it.
const QUESTIONS: [(&str, Option<&str>, &str, &str); 4] = [
    (method::ELICITATION_CREATE, Some(FORM), "ElicitRequest", r#"{"action":"accept","content":{}}"#),
    (method::ELICITATION_CREATE, Some(URL), "ElicitRequest", r#"{"action":"accept"}"#),
    (
        method::SAMPLING_CREATE_MESSAGE,
        Some(PROMPT),
        "CreateMessageRequest",
        r#"{"role":"assistant","model":"m","content":{"type":"text","text":"t"}}"#,
    ),
    (method::ROOTS_LIST, None, "ListRootsRequest", r#"{"roots":[]}"#),
];

fn asks() -> String {
    let request = |(n, (method, params, ..)): (usize, (&'static str, Option<&'static str>, &str, &str))| InputRequest {
        key: n.to_string().into(),
        method: method.into(),
        params,
    };
    let requests = QUESTIONS.into_iter().enumerate().map(request).collect();
    InputRequired { requests, state: Some(r#""s""#) }.write()
}

/// A modern server that has one answer to each request; it shows what it was asked.
async fn server() -> (Arc<AsLegacy>, Arc<Caller>, mpsc::Receiver<Message>) {
    let (show, shown) = mpsc::channel(64);
    let memory = Memory::new(move |mut end| {
        let show = show.clone();
        async move {
            while let Some(request) = end.next().await {
                show.send(request.clone()).await.unwrap();
                let Some(id) = request.id() else { continue };
                let answer = match request.method().unwrap() {
                    method::SUBSCRIPTIONS_LISTEN => {
                        let filter = SubscriptionFilter::read(request.params().unwrap()).unwrap();
                        end.send(acknowledged(&id, &filter)).await;
                        change(&id, method::TOOLS_LIST_CHANGED)
                    }
                    method::TOOLS_LIST => Message::response(&id, TOOLS),
                    method::TOOLS_CALL if request.value(&["params", "requestState"]).is_none() => {
                        Message::response(&id, &asks())
                    }
                    _ => Message::response(&id, r#"{"resultType":"complete","content":[],"structuredContent":[1]}"#),
                };
                end.send(answer).await;
            }
        }
    });
    let mut caller = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
    caller.client = Some(Arc::new(Client { info: r#"{"name":"c","version":"1"}"#.into(), capabilities: CAN.into() }));
    let caller = Arc::new(caller);
    let peer = Peer { revision: Revision::LATEST, handshake: DISCOVERED.into() };
    let modern = Introduced::new(memory.connect(&caller).await.unwrap(), peer);
    (AsLegacy::new("s", Arc::new(modern), &caller), caller, shown)
}

async fn call(server: &AsLegacy, caller: &Arc<Caller>, method: &str, params: &str) -> Reply {
    let message = Message::request(&Id::from(1), method, Some(params));
    server.call(Request::new(message, Arc::clone(caller)).unwrap()).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn what_a_legacy_client_sees_and_what_a_modern_server_is_sent_is_of_its_revision() {
    let Some((legacy, modern)) = Schema::of(Revision::LATEST_LEGACY).zip(Schema::of(Revision::LATEST)) else { return };
    let (server, caller, mut shown) = server().await;
    legacy.validate("InitializeResult", &server.peer().handshake);

    let mut events = server.events().unwrap();
    legacy.validate_message("ToolListChangedNotification", &events.next().await.unwrap());
    modern.validate_message("SubscriptionsListenRequest", &shown.recv().await.unwrap());

    let tools = call(&server, &caller, method::TOOLS_LIST, "{}").await.response().await.unwrap();
    legacy.validate("ListToolsResult", tools.result().unwrap());
    modern.validate_message("ListToolsRequest", &shown.recv().await.unwrap());

    // Once the client answers everything; once it refuses to be a model.
    for refuses in [false, true] {
        let params = r#"{"name":"a","_meta":{"progressToken":1}}"#;
        let mut reply = call(&server, &caller, method::TOOLS_CALL, params).await;
        let mut answers = Vec::new();
        for (method, _, kind, result) in QUESTIONS {
            let question = reply.next().await.unwrap().unwrap();
            legacy.validate_message(kind, &question);
            let id = question.id().unwrap();
            match method {
                method::SAMPLING_CREATE_MESSAGE if refuses => {
                    answers.push(Message::error_response(Some(&id), -1, "no", None));
                }
                _ if refuses => {}
                _ => answers.push(Message::response(&id, result)),
            }
        }
        modern.validate_message("CallToolRequest", &shown.recv().await.unwrap());
        for answer in answers {
            server.tell(answer, &caller).await.unwrap();
        }
        loop {
            let message = reply.next().await.unwrap().unwrap();
            if message.kind() == Kind::Response {
                legacy.validate("CallToolResult", message.result().unwrap());
                break;
            }
            legacy.validate_message("CancelledNotification", &message);
        }
        if !refuses {
            modern.validate_message("CallToolRequest", &shown.recv().await.unwrap());
        }
    }
}
