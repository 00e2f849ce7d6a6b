//! What the server tells without being asked.

use std::time::Duration;

use serde_json::json;

use super::{Pair, ensure};
use crate::Json;
use crate::client::Client;

const SOON: Duration = Duration::from_millis(30);
const UPDATED: &str = "notifications/resources/updated";

fn count(client: &Client, method: &str) -> usize {
    client.notes.iter().filter(|(_, note)| note["method"] == method).count()
}

/// Subscribes in the modern way; gives the id of the subscription.
fn listen(client: &mut Client, filter: &Json) -> Result<String, String> {
    client.notes.clear();
    let id = client.start("subscriptions/listen", json!({"notifications": filter}))?;
    client.until(|client| count(client, "notifications/subscriptions/acknowledged") == 1)?;
    let honoured = client.notes[0].1["params"]["notifications"].clone();
    ensure(&honoured == filter, || format!("{filter} was asked for and {honoured} is honoured"))?;
    Ok(id)
}

/// Every note of a subscription names it.
fn is_named(client: &Client, id: &str) -> Result<(), String> {
    let key = "io.modelcontextprotocol/subscriptionId";
    let id: Json = serde_json::from_str(id).map_err(|error| error.to_string())?;
    let unnamed = client.notes.iter().find(|(_, note)| note["params"]["_meta"][key] != id);
    unnamed.map_or(Ok(()), |(_, note)| Err(format!("the subscription is {id}: {note}")))
}

pub(super) fn subscribe(pair: &mut Pair<'_>) -> Result<(), String> {
    let client = &mut pair.client;
    let uri = json!("grid://items/0");
    let is_modern = client.end.revision.is_modern();
    let id = if is_modern {
        listen(client, &json!({"resourceSubscriptions": [uri]}))?
    } else {
        client.result("resources/subscribe", json!({"uri": uri}))?;
        String::new()
    };
    client.notes.clear();
    client.call("touch", json!({}))?;
    client.until(|client| count(client, UPDATED) == 1).map_err(|why| format!("no update: {why}"))?;
    ensure(client.notes.iter().any(|(_, note)| note["params"]["uri"] == uri), || "another URI".into())?;
    if is_modern {
        is_named(client, &id)?;
        client.cancel(&id)?;
    } else {
        client.result("resources/unsubscribe", json!({"uri": uri}))?;
    }
    client.drain(SOON)?;
    client.notes.clear();
    client.call("touch", json!({}))?;
    client.drain(SOON)?;
    ensure(count(client, UPDATED) == 0, || "an update of what nobody subscribes to any more".into())
}

pub(super) fn lists(pair: &mut Pair<'_>) -> Result<(), String> {
    let client = &mut pair.client;
    let is_modern = client.end.revision.is_modern();
    let mut id = String::new();
    if is_modern {
        let filter = json!({"toolsListChanged": true, "promptsListChanged": true, "resourcesListChanged": true});
        id = listen(client, &filter)?;
    }
    for more in [true, false] {
        client.notes.clear();
        client.call("change", json!({}))?;
        for kind in ["tools", "prompts", "resources"] {
            let method = format!("notifications/{kind}/list_changed");
            client.until(|client| count(client, &method) > 0).map_err(|why| format!("{method}: {why}"))?;
        }
        if is_modern {
            is_named(client, &id)?;
        }
        let name = format!("{}more", client.prefix);
        let tools = client.list("tools/list", "tools")?;
        ensure(tools.iter().any(|tool| tool["name"] == name.as_str()) == more, || format!("{name} listed: {}", !more))?;
    }
    if is_modern {
        client.cancel(&id)?;
    }
    client.drain(SOON)
}

pub(super) fn roots(pair: &mut Pair<'_>) -> Result<(), String> {
    pair.client.tell("notifications/roots/list_changed", None)?;
    pair.place.until("that roots have changed", |entry| entry["heard"]["method"] == "notifications/roots/list_changed")
}
