//! `POST /servers/test`: whether an entry makes a server that answers.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{ListKind, ListPage, Revision, list_params};
use mcp_proxy_core::{
    Proxy,
    transport::{Caller, Connection, LogLine, LogSource, Principal, Request, Secret, in_words},
};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use tokio::time::{Instant, timeout};

use crate::{
    answer::{Answer, Refusal, audited, ok},
    api::{applied::refused, redact::redact},
    ask::Ask,
    state::State,
};

/// How long a server may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// What it is called where the entry has no name yet.
const NAMELESS: &str = "trial";
/// Lines of stderr that are told.
const LINES: usize = 50;
/// Names that are told.
const TOOLS: usize = 1000;

#[derive(Deserialize)]
struct Trial {
    name: Option<String>,
    entry: Box<RawValue>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Works {
    ok: bool,
    revision: String,
    server_info: Option<Box<RawValue>>,
    tools: Vec<String>,
    took_ms: u64,
}

#[derive(Serialize)]
struct Fails {
    ok: bool,
    error: String,
    stderr: Vec<String>,
}

/// Why a server does not answer, in words.
type Why = String;

pub(super) async fn test(state: Arc<State>, ask: Ask) -> Answer {
    let trial: Trial = ask.json()?;
    let name = trial.name.unwrap_or_else(|| NAMELESS.to_owned());
    let options = state.live.trial(&name, trial.entry.get()).map_err(refused)?;
    let began = Instant::now();
    // A proxy of its own: the servers that are there do not notice.
    let proxy = Proxy::builder().server_with(options).build();
    let proxy = proxy.map_err(|error| Refusal::bad(in_words(&error)))?;
    let outcome = timeout(PATIENCE, look(&proxy, &name)).await;
    let outcome = outcome.unwrap_or_else(|_| Err(format!("the server did not answer within {PATIENCE:?}")));
    proxy.close().await;
    let log = proxy.server_log(&name).map(|log| log.lines()).unwrap_or_default();
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    let answer = match outcome {
        Ok((revision, server_info, tools)) => ok(&Works { ok: true, revision, server_info, tools, took_ms }),
        Err(error) => ok(&Fails { ok: false, error, stderr: said(&log, &state.live.secrets()) }),
    };
    audited(answer, name)
}

/// The last lines that the server wrote to stderr.
fn said(log: &[LogLine], secrets: &[Secret]) -> Vec<String> {
    let lines = log.iter().filter(|line| line.source == LogSource::Stderr);
    let last = lines.rev().take(LINES).map(|line| redact(&line.text, secrets));
    let mut last: Vec<_> = last.collect();
    last.reverse();
    last
}

type Seen = (String, Option<Box<RawValue>>, Vec<String>);

async fn look(proxy: &Proxy, name: &str) -> Result<Seen, Why> {
    let caller = Arc::new(Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY));
    let connection = proxy.connect(name, &caller).await.map_err(|error| in_words(&error))?;
    let peer = connection.peer();
    let handshake: BTreeMap<String, &RawValue> = serde_json::from_str(&peer.handshake).unwrap_or_default();
    let server_info = handshake.get("serverInfo").map(|info| (*info).to_owned());
    // A server without tools is one all the same.
    let has_tools = peer.capabilities().contains("\"tools\"");
    let tools = if has_tools { tools(&connection, &caller).await? } else { Vec::new() };
    connection.close().await;
    Ok((peer.revision.as_str().to_owned(), server_info, tools))
}

async fn tools(connection: &Arc<dyn Connection>, caller: &Arc<Caller>) -> Result<Vec<String>, Why> {
    let (mut names, mut cursor) = (Vec::new(), None::<String>);
    loop {
        let params = list_params(cursor.as_deref());
        let message = Message::request(&Id::from(1), ListKind::Tools.method(), Some(&params));
        let request = Request::new(message, Arc::clone(caller)).map_err(|_| "no request".to_owned())?;
        let reply = connection.call(request).await.map_err(|error| in_words(&error))?;
        let response = reply.response().await.map_err(|error| in_words(&error))?;
        let Some(result) = response.result() else {
            return Err(format!("the server does not tell its tools: {}", response.error().unwrap_or_default()));
        };
        let page = ListPage::read(ListKind::Tools, result).map_err(|error| in_words(&error))?;
        names.extend(page.items.iter().filter_map(|item| Some(ListKind::Tools.key_of(item)?.into_owned())));
        cursor = page.next_cursor.map(std::borrow::Cow::into_owned);
        if cursor.is_none() || TOOLS <= names.len() {
            return Ok(names);
        }
    }
}
