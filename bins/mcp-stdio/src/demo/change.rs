//! Word of changes: subscriptions of the legacy client, change streams of modern ones.

use mcp_proxy_core::jsonrpc::{Id, Message, quote};
use mcp_proxy_core::protocol::{
    RESOURCE_URI_PATH, ServerCapabilities, SubscriptionFilter, acknowledged, listen_result, meta, method,
};
use serde_json::{Value, json};

use super::{call::Call, handshake, refusal::Refusal, resource, state::State};

pub(super) fn subscribe(call: &Call, state: &mut State) -> Result<Value, Refusal> {
    let uri = listed(call)?;
    state.subscribed.insert(uri.to_owned());
    Ok(json!({}))
}

pub(super) fn unsubscribe(call: &Call, state: &mut State) -> Result<Value, Refusal> {
    let uri = listed(call)?;
    state.subscribed.remove(uri);
    Ok(json!({}))
}

fn listed(call: &Call) -> Result<&str, Refusal> {
    let uri = call.text("uri")?;
    if resource::is_listed(uri) { Ok(uri) } else { Err(Refusal::no_resource(call.asker.era(), uri)) }
}

/// Opens a change stream; gives its first message, which says what it will carry.
pub(super) fn listen(call: &Call, state: &mut State) -> Result<Message, Refusal> {
    let refused = |error: mcp_proxy_core::protocol::ShapeError| Refusal::params(error.to_string());
    let asked = SubscriptionFilter::read(&Value::Object(call.params.clone()).to_string()).map_err(refused)?;
    let able = ServerCapabilities::read(&handshake::capabilities().to_string()).map_err(refused)?;
    let mut filter = asked.honoured(able);
    filter.resource_subscriptions.retain(|uri| resource::is_listed(uri));
    filter.resource_subscriptions.sort_unstable();
    filter.resource_subscriptions.dedup();
    let first = acknowledged(&call.id, &filter);
    state.open(&call.id, filter)?;
    Ok(first)
}

/// The message that ends a change stream.
pub(super) fn last(stream: &Id) -> Message {
    Message::response(stream, &listen_result(stream))
}

/// The messages that tell everyone who wants to know that a resource has changed.
pub(super) fn updated(state: &State, uri: &str) -> Vec<Message> {
    let message = |members: String| Message::notification(method::RESOURCES_UPDATED, Some(&members));
    let about = format!(r#""{}":{}"#, RESOURCE_URI_PATH[1], quote(uri));
    let to_session = state.subscribed.contains(uri).then(|| message(format!("{{{about}}}")));
    let to_streams = state
        .streams_about(uri)
        .map(|stream| message(format!(r#"{{"{}":{{"{}":{stream}}},{about}}}"#, meta::META, meta::SUBSCRIPTION_ID)));
    to_session.into_iter().chain(to_streams).collect()
}
