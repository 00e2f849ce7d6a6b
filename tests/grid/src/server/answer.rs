//! What becomes of a message.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use serde_json::json;

use super::call::{Call, Stop};
use super::{Listen, Out, Peer, Server, items, lock, tasks, tools};
use crate::Json;
use crate::revision::Revision;

const META: &str = "io.modelcontextprotocol/";

/// Takes any message, and answers it if it is a request; blocks for as long as that takes.
pub(super) fn take(server: &Arc<Server>, peer: &Arc<Peer>, message: Json, out: &Out) {
    server.record.heard(&message);
    if let Json::Array(batch) = message {
        if server.revision != Revision::Mar25 {
            server.record.wrong("a batch, which only 2025-03-26 has");
        }
        return batch.into_iter().for_each(|message| take(server, peer, message, out));
    }
    match (message["method"].as_str(), message.get("id")) {
        (None, _) => answered(server, peer, &message),
        (Some(method), None) => told(server, peer, method, &message["params"]),
        (Some(method), Some(id)) => {
            let mut call = Call::new(server, peer, out, id, &message["params"]);
            let outcome = if server.is_modern() { modern(&mut call, method) } else { legacy(&mut call, method) };
            let answer = match outcome {
                Ok(Json::Null) | Err(Stop::Silence) => None,
                Ok(result) => Some(json!({"jsonrpc": "2.0", "id": id, "result": completed(&call, method, result)})),
                Err(Stop::Input(result)) => Some(json!({"jsonrpc": "2.0", "id": id, "result": result})),
                Err(Stop::Tool(text)) => {
                    let result = json!({"isError": true, "content": [{"type": "text", "text": text}]});
                    Some(json!({"jsonrpc": "2.0", "id": id, "result": completed(&call, method, result)}))
                }
                Err(Stop::Error(error)) => Some(json!({"jsonrpc": "2.0", "id": id, "error": error})),
            };
            let cancelled = call.is_cancelled();
            call.end();
            if let Some(answer) = answer.filter(|_| !cancelled) {
                out(&answer);
            }
            call.after();
        }
    }
}

fn answered(server: &Server, peer: &Peer, message: &Json) {
    let asked = lock(&peer.asked).remove(&message["id"].to_string());
    match asked {
        Some(asked) => drop(asked.send(message.clone())),
        None => server.record.wrong("a response to no question"),
    }
}

fn told(server: &Server, peer: &Arc<Peer>, method: &str, params: &Json) {
    match method {
        "notifications/initialized" if !server.is_modern() => peer.ready.store(true, Ordering::Release),
        "notifications/cancelled" => {
            peer.cancel(&params["requestId"]);
            server.unlisten(peer, &params["requestId"]);
        }
        _ => {}
    }
}

/// Every result of the modern era says what it is, and who says so.
fn completed(call: &Call<'_>, method: &str, mut result: Json) -> Json {
    if call.server.is_modern() {
        if result.get("resultType").is_none() {
            result["resultType"] = json!("complete");
        }
        result["_meta"][format!("{META}serverInfo")] = items::info();
        let is_list = method.ends_with("/list");
        if is_list || ["resources/templates/list", "resources/read", "server/discover"].contains(&method) {
            result["ttlMs"] = json!(0);
            result["cacheScope"] = json!("private");
        }
    }
    result
}

fn legacy(call: &mut Call<'_>, method: &str) -> Result<Json, Stop> {
    let (server, peer, params) = (call.server, call.peer, call.params);
    if params["_meta"].get(format!("{META}protocolVersion")).is_some() && method != "server/discover" {
        server.record.wrong("an envelope of the modern era");
    }
    if method == "initialize" {
        *lock(&peer.capabilities) = params["capabilities"].clone();
        return Ok(items::handshake(server.revision));
    }
    if method != "ping" && method != "server/discover" && !peer.ready.load(Ordering::Acquire) {
        server.record.wrong(&format!("`{method}` before `notifications/initialized`"));
    }
    match method {
        "ping" => Ok(json!({})),
        "logging/setLevel" => {
            params["level"].as_str().unwrap_or_default().clone_into(&mut lock(&peer.level));
            Ok(json!({}))
        }
        "resources/subscribe" | "resources/unsubscribe" => {
            let uri = params["uri"].as_str().unwrap_or_default().to_owned();
            let mut subscribed = lock(&peer.subscribed);
            let _: bool =
                if method.ends_with("unsubscribe") { subscribed.remove(&uri) } else { subscribed.insert(uri) };
            Ok(json!({}))
        }
        _ => common(call, method),
    }
}

fn modern(call: &mut Call<'_>, method: &str) -> Result<Json, Stop> {
    let meta = &call.params["_meta"];
    if meta.get(format!("{META}protocolVersion")).is_none() || !meta[format!("{META}clientCapabilities")].is_object() {
        return Err(Stop::error(-32602, "the envelope is not whole"));
    }
    if meta[format!("{META}protocolVersion")] != call.server.revision.as_str() {
        let data =
            json!({"supported": [call.server.revision.as_str()], "requested": meta[format!("{META}protocolVersion")]});
        return Err(Stop::Error(json!({"code": -32022, "message": "another revision", "data": data})));
    }
    match method {
        "server/discover" => Ok(items::discovered()),
        "subscriptions/listen" => {
            let filter = call.params["notifications"].clone();
            let params = json!({"notifications": filter, "_meta": {format!("{META}subscriptionId"): call.id}});
            let method = "notifications/subscriptions/acknowledged";
            let (peer, out) = (Arc::clone(call.peer), Arc::clone(call.out));
            // Nothing changes between the acknowledgement and the first change that it is for.
            let mut listens = lock(&call.server.listens);
            out(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
            listens.push(Listen { peer, id: call.id.clone(), filter, out });
            drop(listens);
            // It is answered by nothing: the stream ends with the client.
            Err(Stop::Silence)
        }
        _ => common(call, method),
    }
}

/// What both eras have.
fn common(call: &mut Call<'_>, method: &str) -> Result<Json, Stop> {
    let server = call.server;
    let cursor = call.params["cursor"].as_str();
    let changed = server.changed.load(Ordering::Acquire);
    match method {
        "tools/list" => items::page("tools", items::tools(server.revision, changed), cursor, 7),
        "prompts/list" => items::page("prompts", items::prompts(changed), cursor, 2),
        "resources/list" => items::page("resources", items::resources(changed), cursor, 2),
        "resources/templates/list" => items::page("resourceTemplates", items::templates(), cursor, 2),
        "resources/read" => items::read(server.revision, &call.params["uri"]),
        "prompts/get" => items::prompt(call),
        "completion/complete" => Ok(items::completed(call.params)),
        "tools/call" => tools::call(call),
        _ if method.starts_with("tasks/") => tasks::about(call, method),
        "com.example/echo" => Ok(json!({"params": call.params["value"]})),
        _ => Err(Stop::error(-32601, "there is no such method")),
    }
}
