mod asking;
mod crossing;
mod listening;
mod schema;
mod server;
mod urls;

use std::time::Duration;

use futures::StreamExt;
use mcp_jsonrpc::{Kind, field};
use mcp_protocol::{code, meta};
use mcp_transport::{Client, Principal};
use tokio::time::sleep;

use self::server::{Door, Log};
use super::*;
use crate::ParkingLimits;

/// A legacy server behind the adapter, and what it has heard.
struct Lab {
    modern: Arc<AsModern>,
    parking: Arc<Parking>,
    log: Log,
}

/// One request of a modern client.
#[derive(Clone)]
struct Ask {
    id: &'static str,
    method: &'static str,
    /// Members of params other than `_meta`, without braces.
    params: String,
    /// Members of `_meta` beside the envelope, with a comma in front.
    meta: String,
    capabilities: &'static str,
    principal: Principal,
}

const ALL: &str = r#"{"elicitation":{"form":{},"url":{}},"sampling":{},"roots":{}}"#;

impl Lab {
    fn new() -> Self {
        Self::with(ParkingLimits::default())
    }

    fn with(limits: ParkingLimits) -> Self {
        let (log, parking) = (Log::default(), Arc::new(Parking::new(limits).unwrap()));
        let door = Arc::new(Door::new(log.clone()));
        Self { modern: Arc::new(AsModern::new("lab", door, Arc::clone(&parking))), parking, log }
    }

    async fn call(&self, ask: &Ask) -> Reply {
        self.modern.call(ask.request()).await.unwrap()
    }

    /// All that comes back.
    async fn all(&self, ask: &Ask) -> Vec<Message> {
        let messages: Vec<_> = self.call(ask).await.map(Result::unwrap).collect().await;
        for message in &messages {
            schema::check(ask.method, message);
        }
        messages
    }

    /// The response.
    async fn answer(&self, ask: &Ask) -> Message {
        let answer = self.all(ask).await.pop().unwrap();
        assert_eq!(answer.id(), Id::parse(ask.id));
        answer
    }

    /// What the server has heard, once it had time to.
    async fn heard(&self) -> Vec<String> {
        sleep(Duration::from_millis(1)).await;
        self.log.all()
    }
}

impl Ask {
    fn new(method: &'static str, params: &str) -> Self {
        Self {
            id: "1",
            method,
            params: params.to_owned(),
            meta: String::new(),
            capabilities: ALL,
            principal: Principal::Named("ann".into()),
        }
    }

    fn tool(name: &str) -> Self {
        Self::new(method::TOOLS_CALL, &format!(r#""name":"{name}","arguments":{{}}"#))
    }

    fn meta(mut self, member: &str) -> Self {
        self.meta.push(',');
        self.meta.push_str(member);
        self
    }

    fn logging(self, level: &str) -> Self {
        self.meta(&format!(r#""{}":"{level}""#, meta::LOG_LEVEL))
    }

    fn able(self, capabilities: &'static str) -> Self {
        Self { capabilities, ..self }
    }

    fn by(self, name: &str) -> Self {
        Self { principal: Principal::Named(name.into()), ..self }
    }

    /// The same request, made again with answers.
    fn again(&self, asked: &Message, answers: &str) -> Self {
        let state = asked.value(&["result", "requestState"]).unwrap();
        let params = format!(r#"{},"requestState":{state},"inputResponses":{answers}"#, self.params);
        Self { id: "\"2\"", params, ..self.clone() }
    }

    fn request(&self) -> Request {
        let envelope = Envelope {
            version: Revision::LATEST,
            capabilities: self.capabilities,
            client_info: Some(r#"{"name":"c","version":"1"}"#),
            log_level: None,
        };
        let comma = if self.params.is_empty() { "" } else { "," };
        let params = format!(r#"{{{}{comma}"_meta":{{{}{}}}}}"#, self.params, envelope.members(), self.meta);
        let message = Message::request(&Id::parse(self.id).unwrap(), self.method, Some(&params));
        let client = Client { info: envelope.client_info.unwrap().into(), capabilities: self.capabilities.into() };
        let caller = Caller::new(self.principal.clone(), Revision::LATEST);
        Request::new(message, Arc::new(Caller { client: Some(Arc::new(client)), ..caller })).unwrap()
    }
}

/// The keys and methods of what a client is asked.
fn asked(message: &Message) -> Vec<(String, String)> {
    assert_eq!(message.value(&["result", "resultType"]), Some("\"input_required\""), "{:?}", message.to_bytes());
    let requests = message.value(&["result", "inputRequests"]).unwrap();
    let members = field::members(requests).unwrap();
    let text = |raw: &str| field::unescape(raw).unwrap().into_owned();
    let one = |it: field::Member| {
        let request = &requests[it.value];
        (text(&requests[it.key]), text(&request[field::find(request, &["method"]).unwrap().unwrap()]))
    };
    members.into_iter().map(one).collect()
}

fn keys(message: &Message) -> Vec<String> {
    asked(message).into_iter().map(|(key, _)| key).collect()
}

#[track_caller]
fn refused(message: &Message, expect: i64) {
    assert_eq!(code::of(message), Some(expect), "{:?}", message.to_bytes());
}

const ACCEPT: &str = r#"{"action":"accept","content":{"a":1}}"#;
