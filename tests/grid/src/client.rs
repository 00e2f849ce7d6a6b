//! A client that speaks exactly one revision over one wire, and holds what it hears against the schema of that revision.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

use serde_json::json;

use crate::Json;
use crate::revision::{End, Revision, Wire};
use crate::schema::{From, Schemas};

mod answers;
mod http;
mod lines;
mod pair;

pub(crate) use answers::{answer, capabilities};
pub(crate) use http::Http;
pub(crate) use lines::Lines;
pub(crate) use pair::Pair;

/// For anything that comes at all, on a machine that has other things to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
const META: &str = "io.modelcontextprotocol/";

/// What comes from a wire.
#[derive(Debug)]
pub(crate) enum Incoming {
    /// A message; of the call with this id, where the wire tells.
    Message(Option<String>, Json),
    /// The wire does something that it may not.
    Fault(String),
}

/// How messages get to the server.
pub(crate) trait Link: Send {
    /// Sends a message; what comes back goes to the inbox.
    fn send(&mut self, message: &Json) -> io::Result<()>;

    /// Opens the stream for what belongs to no request, where there is such a thing.
    fn listen(&mut self) {}

    /// Leaves the stream of a call; gives false where a call has none.
    fn leave(&mut self, _id: &str) -> bool {
        false
    }

    /// Comes back to the stream of a call that was left.
    fn resume(&mut self, _id: &str) {}

    /// Ends the session; gives the status, where there is one.
    fn end(&mut self) -> Option<u16> {
        None
    }
}

/// The client.
pub(crate) struct Client {
    pub(crate) end: End,
    link: Box<dyn Link>,
    inbox: Receiver<Incoming>,
    schemas: Arc<Schemas>,
    next: u64,
    /// Requests by their ids: method and params.
    sent: HashMap<String, (String, Json)>,
    done: HashMap<String, Json>,
    /// Notifications, with the call on whose stream each came.
    pub(crate) notes: Vec<(Option<String>, Json)>,
    /// What it was asked: method and params.
    pub(crate) asked: Vec<(String, Json)>,
    /// The last request that it did not answer.
    unanswered: Option<Json>,
    /// Whether it answers what it is asked.
    pub(crate) is_answering: bool,
    /// What was wrong with what came.
    pub(crate) faults: Vec<String>,
    pub(crate) capabilities: Json,
    pub(crate) handshake: Json,
    /// What stands before the names of tools and prompts.
    pub(crate) prefix: String,
    /// The level that a modern request carries.
    pub(crate) level: Option<&'static str>,
}

impl Client {
    /// Opens the conversation as the revision has it.
    pub(crate) fn open(
        end: End,
        link: Box<dyn Link>,
        inbox: Receiver<Incoming>,
        schemas: &Arc<Schemas>,
        capabilities: Json,
    ) -> Result<Self, String> {
        let mut client = Self {
            end,
            link,
            inbox,
            schemas: Arc::clone(schemas),
            next: 0,
            sent: HashMap::new(),
            done: HashMap::new(),
            notes: Vec::new(),
            asked: Vec::new(),
            unanswered: None,
            is_answering: true,
            faults: Vec::new(),
            capabilities,
            handshake: Json::Null,
            prefix: String::new(),
            level: None,
        };
        client.shake_hands()?;
        client.learn_prefix()?;
        Ok(client)
    }

    fn shake_hands(&mut self) -> Result<(), String> {
        if self.end.revision.is_modern() {
            self.handshake = self.result("server/discover", json!({}))?;
            return Ok(());
        }
        let hello = json!({
            "protocolVersion": self.end.revision.as_str(),
            "capabilities": self.capabilities,
            "clientInfo": {"name": "grid-client", "version": "1.0"},
        });
        self.handshake = self.result("initialize", hello)?;
        self.tell("notifications/initialized", None)?;
        self.link.listen();
        Ok(())
    }

    /// Finds out what a hub puts before the names.
    fn learn_prefix(&mut self) -> Result<(), String> {
        let known = "sample_tools";
        let tools = self.list("tools/list", "tools")?;
        let name = tools.iter().find_map(|tool| tool["name"].as_str()?.strip_suffix(known));
        let name = name.ok_or_else(|| format!("no `{known}` among {} tools", tools.len()))?;
        name.clone_into(&mut self.prefix);
        Ok(())
    }

    /// All items of a list, page by page.
    pub(crate) fn list(&mut self, method: &str, key: &str) -> Result<Vec<Json>, String> {
        let mut all = Vec::new();
        let mut params = json!({});
        for _ in 0..30 {
            let page = self.result(method, params)?;
            all.extend(page[key].as_array().ok_or_else(|| format!("no {key}: {page}"))?.iter().cloned());
            let Some(cursor) = page.get("nextCursor") else { return Ok(all) };
            params = json!({"cursor": cursor});
        }
        Err("the list has no end".into())
    }

    /// Calls a tool, and gives what its first text says.
    pub(crate) fn call(&mut self, tool: &str, arguments: Json) -> Result<String, String> {
        let result = self.result("tools/call", self.tool(tool, arguments))?;
        if result["isError"] == true {
            return Err(format!("the tool failed: {result}"));
        }
        result["content"][0]["text"].as_str().map(str::to_owned).ok_or_else(|| format!("no text: {result}"))
    }

    /// The params of a call.
    pub(crate) fn tool(&self, tool: &str, arguments: Json) -> Json {
        json!({"name": format!("{}{tool}", self.prefix), "arguments": arguments})
    }

    pub(crate) fn result(&mut self, method: &str, params: Json) -> Result<Json, String> {
        let response = self.ask(method, params)?;
        response.get("result").cloned().ok_or_else(|| format!("{method}: {}", response["error"]))
    }

    /// The response to a request.
    pub(crate) fn ask(&mut self, method: &str, params: Json) -> Result<Json, String> {
        let id = self.start(method, params)?;
        self.finish(&id)
    }

    /// Sends a request; gives its id as JSON text.
    pub(crate) fn start(&mut self, method: &str, params: Json) -> Result<String, String> {
        self.next += 1;
        self.start_as(json!(self.next), method, params)
    }

    pub(crate) fn start_as(&mut self, id: Json, method: &str, mut params: Json) -> Result<String, String> {
        self.sent.insert(id.to_string(), (method.to_owned(), params.clone()));
        self.wrap(&mut params);
        let mut message = json!({"jsonrpc": "2.0", "id": id, "method": method});
        if params != json!({}) {
            message["params"] = params;
        }
        self.send(&message)?;
        Ok(id.to_string())
    }

    /// Sends several requests in one array; gives their ids.
    pub(crate) fn batch(&mut self, requests: &[(&str, Json)]) -> Result<Vec<String>, String> {
        let mut ids = Vec::new();
        let mut batch = Vec::new();
        for (method, params) in requests {
            self.next += 1;
            let id = json!(self.next);
            self.sent.insert(id.to_string(), ((*method).to_owned(), params.clone()));
            ids.push(id.to_string());
            batch.push(json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}));
        }
        self.send(&Json::Array(batch))?;
        Ok(ids)
    }

    /// Adds what a modern request has to carry.
    fn wrap(&self, params: &mut Json) {
        if self.end.revision.is_modern() {
            let meta = &mut params["_meta"];
            meta[format!("{META}protocolVersion")] = json!(self.end.revision.as_str());
            meta[format!("{META}clientCapabilities")] = self.capabilities.clone();
            meta[format!("{META}clientInfo")] = json!({"name": "grid-client", "version": "1.0"});
            if let Some(level) = self.level {
                meta[format!("{META}logLevel")] = json!(level);
            }
        }
    }

    pub(crate) fn send(&mut self, message: &Json) -> Result<(), String> {
        self.link.send(message).map_err(|error| format!("cannot send: {error}"))
    }

    pub(crate) fn tell(&mut self, method: &str, params: Option<Json>) -> Result<(), String> {
        let mut message = json!({"jsonrpc": "2.0", "method": method});
        if let Some(params) = params {
            message["params"] = params;
        }
        self.send(&message)
    }

    /// Gives up a call as the revision and the wire have it.
    pub(crate) fn cancel(&mut self, id: &str) -> Result<(), String> {
        if self.end.revision.is_modern() && self.end.wire == Wire::Http {
            self.link.leave(id);
            return Ok(());
        }
        let id: Json = serde_json::from_str(id).unwrap();
        self.tell("notifications/cancelled", Some(json!({"requestId": id})))
    }

    pub(crate) fn link(&mut self) -> &mut dyn Link {
        &mut *self.link
    }

    /// Waits for the response to a request; answers meanwhile what is asked.
    pub(crate) fn finish(&mut self, id: &str) -> Result<Json, String> {
        let mut id = id.to_owned();
        for _ in 0..10 {
            self.until(|client| client.done.contains_key(&id)).map_err(|why| {
                let method = self.sent.get(&id).map_or("", |(method, _)| method.as_str());
                format!("{method} has no response: {why}")
            })?;
            let response = self.done.remove(&id).unwrap();
            let result = &response["result"];
            if result["resultType"] != "input_required" {
                return Ok(response);
            }
            let (method, mut params) = self.sent[&id].clone();
            self.note_questions(result);
            if !self.is_answering {
                return Ok(response);
            }
            Self::answer_in(&mut params, result);
            id = self.start(&method, params)?;
        }
        Err("there is no end of questions".into())
    }

    /// Takes what comes until something holds.
    pub(crate) fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) -> Result<(), String> {
        let deadline = Instant::now() + PATIENCE;
        while !holds(self) {
            match self.inbox.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(incoming) => self.take(incoming)?,
                Err(RecvTimeoutError::Timeout) => return Err("it has not come in time".into()),
                Err(RecvTimeoutError::Disconnected) => return Err("the wire is gone".into()),
            }
        }
        Ok(())
    }

    /// Takes what has come already.
    pub(crate) fn drain(&mut self, wait: Duration) -> Result<(), String> {
        while let Ok(incoming) = self.inbox.recv_timeout(wait) {
            self.take(incoming)?;
        }
        Ok(())
    }

    fn take(&mut self, incoming: Incoming) -> Result<(), String> {
        let (on, message) = match incoming {
            Incoming::Message(on, message) => (on, message),
            Incoming::Fault(fault) => {
                self.faults.push(fault);
                return Ok(());
            }
        };
        if let Json::Array(batch) = message {
            if self.end.revision != Revision::Mar25 {
                self.faults.push("a batch".into());
            }
            return batch.into_iter().try_for_each(|message| self.take(Incoming::Message(on.clone(), message)));
        }
        let id = message["id"].to_string();
        let asked = self.sent.get(&id).map(|(method, _)| method.as_str());
        if let Some(fault) = self.schemas.fault(self.end.revision, From::Server, &message, asked) {
            let text: String = message.to_string().chars().take(200).collect();
            self.faults.push(format!("{fault} in {text}"));
        }
        match (message.get("id"), message["method"].as_str()) {
            (Some(_), None) => {
                let is_second = self.done.insert(id.clone(), message).is_some();
                if is_second || on.is_some_and(|on| on != id) {
                    self.faults.push(format!("a second response, or one on another's stream: {id}"));
                }
                Ok(())
            }
            (Some(_), Some(method)) => {
                let method = method.to_owned();
                self.asked_by_request(&method, &message)
            }
            (None, _) => {
                self.notes.push((on, message));
                Ok(())
            }
        }
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("end", &self.end).finish_non_exhaustive()
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.link.end();
    }
}
