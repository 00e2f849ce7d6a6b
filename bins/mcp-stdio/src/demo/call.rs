//! One request, read, and its answer.

use std::sync::LazyLock;

use mcp_proxy_core::jsonrpc::{Id, Message};
use mcp_proxy_core::protocol::{CacheHints, CacheScope, Era, code, meta, method};
use serde_json::{Map, Value, json};

use super::{asker::Asker, handshake, refusal::Refusal, state::State};

#[derive(Debug)]
pub(super) struct Call {
    pub(super) id: Id,
    pub(super) method: String,
    pub(super) params: Map<String, Value>,
    pub(super) asker: Asker,
    /// Under which token, a string or an integer, it wants to hear of progress.
    pub(super) token: Option<Id>,
}

impl Call {
    pub(super) fn read(message: &Message, id: Id, state: &State) -> Result<Self, Refusal> {
        if state.is_in_flight(&id) {
            return Err(Refusal::new(code::INVALID_REQUEST, "another request with this id is still in flight"));
        }
        let asker = Asker::read(message, state)?;
        let params = match message.params().map(serde_json::from_str) {
            None | Some(Ok(Value::Null)) => Map::new(),
            Some(Ok(Value::Object(params))) => params,
            Some(_) => return Err(Refusal::params("`params` must be an object that can be read")),
        };
        let token = message.value(&meta::PROGRESS_TOKEN_PATH);
        let no_token = || Refusal::params("`progressToken` must be a string or an integer");
        let token = token.map(|raw| Id::parse(raw).ok_or_else(no_token)).transpose()?;
        Ok(Self { id, method: message.method().unwrap_or_default().to_owned(), params, asker, token })
    }

    /// A required member of the params that is a string.
    pub(super) fn text(&self, name: &str) -> Result<&str, Refusal> {
        let text = self.params.get(name).and_then(Value::as_str);
        text.ok_or_else(|| Refusal::params(format!("`params.{name}` must be a string")))
    }

    /// The arguments of a tool or a prompt; none is an empty object.
    pub(super) fn arguments(&self) -> Result<&Map<String, Value>, Refusal> {
        static NONE: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);
        match self.params.get("arguments") {
            None => Ok(&NONE),
            Some(Value::Object(arguments)) => Ok(arguments),
            Some(_) => Err(Refusal::params("`params.arguments` must be an object")),
        }
    }

    /// A list of which the first page is the only one, so that no cursor leads anywhere.
    pub(super) fn single_page(&self, list: Value) -> Result<Value, Refusal> {
        match self.params.get("cursor") {
            None => Ok(list),
            Some(_) => Err(Refusal::params("this cursor is none of this server's")),
        }
    }

    /// The response; what the modern era wants in every result is added here.
    pub(super) fn answer(&self, mut result: Value) -> Message {
        if let (Era::Modern, Some(members)) = (self.asker.era(), result.as_object_mut()) {
            let complete = members.entry("resultType").or_insert_with(|| json!("complete")) == "complete";
            members.insert(meta::META.to_owned(), json!({ meta::SERVER_INFO: handshake::info() }));
            if complete && method::is_cacheable(&self.method) {
                let CacheHints { ttl_ms, scope } = self.cache();
                members.insert("ttlMs".to_owned(), json!(ttl_ms));
                members.insert(
                    "cacheScope".to_owned(),
                    json!(if scope == CacheScope::Public { "public" } else { "private" }),
                );
            }
        }
        Message::response(&self.id, &result.to_string())
    }

    /// Lists never change; what is read may.
    fn cache(&self) -> CacheHints {
        match self.method.as_str() {
            method::RESOURCES_READ => CacheHints { ttl_ms: 0, scope: CacheScope::Private },
            _ => CacheHints { ttl_ms: 3_600_000, scope: CacheScope::Public },
        }
    }
}
