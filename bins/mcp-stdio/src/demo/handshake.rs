//! Who this server is and what it can do, in both eras.

use mcp_proxy_core::protocol::{ClientCapabilities, InitializeParams, LogLevel, Revision, code, level_of};
use serde_json::{Value, json};

use super::{asker::Asker, call::Call, refusal::Refusal, state::State};

const INSTRUCTIONS: &str = "A server to try things out with. Its tools have no effect outside of it.";

pub(super) fn info() -> Value {
    json!({ "name": "mcp-stdio demo server", "version": env!("CARGO_PKG_VERSION") })
}

/// Nothing here has `listChanged`: the lists stay as they are.
pub(super) fn capabilities() -> Value {
    json!({ "tools": {}, "prompts": {}, "resources": { "subscribe": true }, "completions": {}, "logging": {} })
}

pub(super) fn initialize(call: &Call, state: &mut State) -> Result<Value, Refusal> {
    if state.session.is_some() {
        return Err(Refusal::new(code::INVALID_REQUEST, "the handshake is over; there is one for each process"));
    }
    let text = Value::Object(call.params.clone()).to_string();
    let refused = |error: mcp_proxy_core::protocol::ShapeError| Refusal::params(error.to_string());
    let asked = InitializeParams::read(&text).map_err(refused)?;
    let revision = Revision::negotiate(&asked.protocol_version);
    let can = ClientCapabilities::read(asked.capabilities.get()).map_err(refused)?;
    state.session = Some(Asker { revision, can, log_level: Some(LogLevel::Info) });
    Ok(json!({
        "protocolVersion": revision.as_str(),
        "capabilities": capabilities(),
        "serverInfo": info(),
        "instructions": INSTRUCTIONS,
    }))
}

pub(super) fn discover() -> Value {
    json!({
        "supportedVersions": [Revision::LATEST.as_str()],
        "capabilities": capabilities(),
        "instructions": INSTRUCTIONS,
    })
}

pub(super) fn set_level(call: &Call, state: &mut State) -> Result<Value, Refusal> {
    let level = level_of(&Value::Object(call.params.clone()).to_string());
    let level = level.map_err(|error| Refusal::params(error.to_string()))?;
    if let Some(session) = &mut state.session {
        session.log_level = Some(level);
    }
    Ok(json!({}))
}
