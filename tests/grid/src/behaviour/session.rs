//! What breaks, and what becomes of it.

use std::time::{Duration, Instant};

use serde_json::json;

use super::{Pair, echo, ensure, equal};
use crate::client::{self, Client};

/// For a server that comes back; the first restart waits for a second.
const BACK: Duration = Duration::from_secs(30);
const SOON: Duration = Duration::from_millis(50);

/// Two clients use the same ids at once, and each has its own answers.
pub(super) fn two(pair: &mut Pair<'_>) -> Result<(), String> {
    let mut other = pair.another(client::capabilities(pair.client.end.revision))?;
    for round in 0..5 {
        let id = json!(1000 + round);
        let (one, two) = (format!("one {round}"), format!("two {round}"));
        let params = pair.client.tool("echo", json!({"text": one}));
        pair.client.start_as(id.clone(), "tools/call", params)?;
        let params = other.tool("echo", json!({"text": two}));
        other.start_as(id.clone(), "tools/call", params)?;
        for (client, text) in [(&mut pair.client, one), (&mut other, two)] {
            let response = client.finish(&id.to_string())?;
            equal("the answer", &response["result"]["content"][0]["text"], &json!(text))?;
        }
    }
    ensure(other.faults.is_empty(), || other.faults.join("; "))
}

/// The stream of a call breaks; whoever says where it was has the rest.
pub(super) fn resume(pair: &mut Pair<'_>) -> Result<(), String> {
    let client = &mut pair.client;
    client.is_answering = false;
    client.asked.clear();
    let params = client.tool("sample", json!({}));
    let id = client.start("tools/call", params)?;
    let asked = client.until(|client| !client.asked.is_empty());
    client.is_answering = true;
    asked?;
    ensure(client.link().leave(&id), || "there is no stream".into())?;
    client.answer_last()?;
    client.link().resume(&id);
    let response = client.finish(&id)?;
    ensure(response["result"].to_string().contains("Hi!"), || format!("not the answer: {response}"))
}

pub(super) fn polled(pair: &mut Pair<'_>) -> Result<(), String> {
    equal("the answer", &pair.client.call("polled", json!({}))?, &"done".to_owned())?;
    pair.place.until("where the stream was left", |entry| entry["note"] == "resumed")
}

pub(super) fn end(pair: &mut Pair<'_>) -> Result<(), String> {
    equal("the status", &pair.client.link().end(), &Some(200))?;
    let again = pair.client.link().end();
    equal("the status of the second time", &again, &Some(404))
}

/// The server does not know our session any more: the next call is nevertheless answered.
pub(super) fn forgotten(pair: &mut Pair<'_>) -> Result<(), String> {
    pair.client.call("forget", json!({}))?;
    if pair.server().wire == crate::revision::Wire::Pair {
        return comes_back(&mut pair.client);
    }
    echo(&mut pair.client, "again")
}

/// The server dies; the client goes on in the conversation that it has.
pub(super) fn reconnect(pair: &mut Pair<'_>) -> Result<(), String> {
    let _ = pair.client.call("die", json!({}));
    comes_back(&mut pair.client)?;
    super::ask::sample(pair)
}

fn comes_back(client: &mut Client) -> Result<(), String> {
    let deadline = Instant::now() + BACK;
    loop {
        match echo(client, "back") {
            Err(_) if Instant::now() < deadline => client.drain(SOON)?,
            last => return last,
        }
    }
}
