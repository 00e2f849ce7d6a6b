//! What every well-behaved server answers.

use mcp_jsonrpc::{Message, field};
use mcp_protocol::{CacheHints, CacheScope, Claim, DiscoverAnswer, InitializeResult, Revision, code, method};

/// The answers that do not depend on what a server does: introductions, `ping`, the list of tools.
#[derive(Clone, Copy, Debug)]
pub struct Greeting {
    /// The server's name.
    pub name: &'static str,
    /// JSON text of its capabilities.
    pub capabilities: &'static str,
    /// JSON text of its tools, an array.
    pub tools: &'static str,
}

const CACHE: CacheHints = CacheHints { ttl_ms: 0, scope: CacheScope::Public };

impl Greeting {
    /// The answer to `request`, if it is one of these.
    #[must_use]
    pub fn answer(&self, request: &Message) -> Option<Message> {
        let id = request.id()?;
        let result = match request.method()? {
            method::INITIALIZE => {
                let asked = request.value(&["params", "protocolVersion"]).and_then(field::unescape).unwrap_or_default();
                let version = Revision::negotiate(&asked).as_str();
                InitializeResult::write(version, self.capabilities, &self.info(), None)
            }
            method::SERVER_DISCOVER => DiscoverAnswer {
                supported: &[Revision::LATEST],
                capabilities: self.capabilities,
                server_info: Some(&self.info()),
                instructions: None,
                cache: CACHE,
            }
            .write(),
            method::TOOLS_LIST if Claim::is_made_by(request) => {
                format!(r#"{{"resultType":"complete","tools":{},{}}}"#, self.tools, CACHE.members())
            }
            method::TOOLS_LIST => format!(r#"{{"tools":{}}}"#, self.tools),
            method::PING | method::LOGGING_SET_LEVEL => "{}".to_owned(),
            _ => return None,
        };
        Some(Message::response(&id, &result))
    }

    /// The answer to a request that nobody else has answered.
    #[must_use]
    pub fn unknown(request: &Message) -> Message {
        Message::error_response(request.id().as_ref(), code::METHOD_NOT_FOUND, "there is no such method here", None)
    }

    fn info(&self) -> String {
        format!(r#"{{"name":"{}","version":"1"}}"#, self.name)
    }
}
