//! Why a request is refused.

use mcp_proxy_core::jsonrpc::{Id, Message};
use mcp_proxy_core::protocol::{Era, code};
use serde_json::json;

#[derive(Debug)]
pub(super) struct Refusal {
    code: i64,
    text: String,
    data: Option<String>,
}

impl Refusal {
    pub(super) fn new(code: i64, text: impl Into<String>) -> Self {
        Self { code, text: text.into(), data: None }
    }

    pub(super) fn params(text: impl Into<String>) -> Self {
        Self::new(code::INVALID_PARAMS, text)
    }

    pub(super) fn no_method() -> Self {
        Self::new(code::METHOD_NOT_FOUND, "this server has no such method")
    }

    /// The modern era has no code of its own for this.
    pub(super) fn no_resource(era: Era, uri: &str) -> Self {
        let code = if era == Era::Legacy { code::RESOURCE_NOT_FOUND } else { code::INVALID_PARAMS };
        Self::new(code, "there is no such resource").with(json!({ "uri": uri }).to_string())
    }

    /// The same with JSON text as its data.
    pub(super) fn with(self, data: String) -> Self {
        Self { data: Some(data), ..self }
    }

    pub(super) fn answer(&self, id: &Id) -> Message {
        Message::error_response(Some(id), self.code, &self.text, self.data.as_deref())
    }
}
