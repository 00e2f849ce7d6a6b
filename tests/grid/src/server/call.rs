//! One request under way: what it may say and ask meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use serde_json::{Map, json};

use super::{Out, Peer, Server, lock};
use crate::Json;
use crate::revision::Revision;

const META: &str = "io.modelcontextprotocol/";
const LEVELS: [&str; 8] = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];
/// How long an answer may take, in steps of [`STEP`].
const STEPS: u32 = 3000;
const STEP: Duration = Duration::from_millis(10);

/// Why a call ends without a result.
#[derive(Debug)]
pub(super) enum Stop {
    /// It asks, and the client comes back with the answers.
    Input(Json),
    Error(Json),
    /// A tool's own error.
    Tool(String),
    /// Nothing is said.
    Silence,
}

impl Stop {
    pub(super) fn error(code: i64, message: &str) -> Self {
        Self::Error(json!({"code": code, "message": message}))
    }
}

/// A request of somebody.
pub(super) struct Call<'a> {
    pub(super) server: &'a Arc<Server>,
    pub(super) peer: &'a Arc<Peer>,
    pub(super) out: &'a Out,
    pub(super) id: &'a Json,
    pub(super) params: &'a Json,
    cancelled: Arc<AtomicBool>,
    /// What has been answered so far, by the keys of the questions.
    answers: Map<String, Json>,
    /// What to do when it has been answered.
    then: Option<Box<dyn FnOnce() + 'a>>,
}

impl<'a> Call<'a> {
    pub(super) fn new(
        server: &'a Arc<Server>,
        peer: &'a Arc<Peer>,
        out: &'a Out,
        id: &'a Json,
        params: &'a Json,
    ) -> Self {
        let mut answers = Map::new();
        if server.is_modern() {
            let state = params["requestState"].as_str().and_then(|state| serde_json::from_str(state).ok());
            answers = state.unwrap_or_default();
            answers.extend(params["inputResponses"].as_object().cloned().unwrap_or_default());
        }
        let cancelled = Arc::new(AtomicBool::new(false));
        lock(&peer.calls).insert(id.to_string(), Arc::clone(&cancelled));
        Self { server, peer, out, id, params, cancelled, answers, then: None }
    }

    pub(super) fn is_cancelled(&self) -> bool {
        self.cancelled.load(Ordering::Acquire)
    }

    pub(super) fn end(&self) {
        lock(&self.peer.calls).remove(&self.id.to_string());
    }

    /// Does this once the answer is on its way.
    pub(super) fn then(&mut self, then: impl FnOnce() + 'a) {
        self.then = Some(Box::new(then));
    }

    pub(super) fn after(self) {
        if let Some(then) = self.then {
            then();
        }
    }

    /// Whether the request says that its client knows the extension.
    pub(super) fn has_tasks(&self) -> bool {
        let capabilities = &self.params["_meta"][format!("{META}clientCapabilities")];
        capabilities["extensions"].get(super::EXTENSION).is_some()
    }

    /// Says something that belongs to it.
    pub(super) fn say(&self, method: &str, params: Json) {
        (self.out)(&json!({"jsonrpc": "2.0", "method": method, "params": params}));
    }

    /// Logs, if the client wants to hear of it.
    pub(super) fn log(&self, level: &str, data: &str) {
        let at = |level: &str| LEVELS.iter().position(|name| *name == level);
        let least = if self.server.is_modern() {
            self.params["_meta"][format!("{META}logLevel")].as_str().map(str::to_owned)
        } else {
            Some(lock(&self.peer.level).clone())
        };
        if least.is_some_and(|least| at(&least) <= at(level)) {
            self.say("notifications/message", json!({"level": level, "logger": "grid", "data": data}));
        }
    }

    /// Waits until it is cancelled; gives up after a while.
    pub(super) fn hang(&self) -> Result<Json, Stop> {
        let (_keep, never) = channel::<()>();
        for _ in 0..STEPS {
            if self.is_cancelled() {
                self.server.record.note("cancelled");
                return Err(Stop::Silence);
            }
            let _ = never.recv_timeout(STEP);
        }
        Err(Stop::Tool("nobody has cancelled".into()))
    }

    /// Asks the client for all of these at once: key, method and params. Gives the answers in the same order.
    pub(super) fn ask(&mut self, questions: &[(&str, &str, Json)]) -> Result<Vec<Json>, Stop> {
        for (_, method, params) in questions {
            self.may_ask(method, params)?;
        }
        if self.server.is_modern() { self.ask_by_result(questions) } else { self.ask_by_request(questions) }
    }

    /// Nobody is asked for what he cannot do.
    fn may_ask(&self, method: &str, params: &Json) -> Result<(), Stop> {
        let capabilities = if self.server.is_modern() {
            self.params["_meta"][format!("{META}clientCapabilities")].clone()
        } else {
            lock(&self.peer.capabilities).clone()
        };
        let (needed, has) = match method {
            "sampling/createMessage" if params.get("tools").is_some() => {
                (json!({"sampling": {"tools": {}}}), capabilities["sampling"].get("tools").is_some())
            }
            "sampling/createMessage" => (json!({"sampling": {}}), capabilities.get("sampling").is_some()),
            "roots/list" => (json!({"roots": {}}), capabilities.get("roots").is_some()),
            _ if params["mode"] == "url" => {
                (json!({"elicitation": {"url": {}}}), capabilities["elicitation"].get("url").is_some())
            }
            _ => (json!({"elicitation": {}}), capabilities.get("elicitation").is_some()),
        };
        let since = match method {
            _ if params["mode"] == "url" || params.get("tools").is_some() => Revision::Nov25,
            "elicitation/create" => Revision::Jun25,
            _ => Revision::Nov24,
        };
        if self.server.revision < since {
            Err(Stop::Tool("a server of this revision cannot ask that".into()))
        } else if has {
            Ok(())
        } else if self.server.is_modern() {
            let data = json!({"requiredCapabilities": needed});
            Err(Stop::Error(json!({"code": -32021, "message": "the client cannot be asked that", "data": data})))
        } else {
            Err(Stop::Tool(format!("the client cannot be asked for {needed}")))
        }
    }

    fn ask_by_result(&self, questions: &[(&str, &str, Json)]) -> Result<Vec<Json>, Stop> {
        let mut missing = json!({});
        for (key, method, params) in questions.iter().filter(|(key, ..)| !self.answers.contains_key(*key)) {
            missing[*key] = json!({"method": method, "params": params});
        }
        if missing == json!({}) {
            return Ok(questions.iter().map(|(key, ..)| self.answers[*key].clone()).collect());
        }
        let state = Json::Object(self.answers.clone()).to_string();
        let meta = json!({format!("{META}serverInfo"): super::items::info()});
        Err(Stop::Input(
            json!({"resultType": "input_required", "inputRequests": missing, "requestState": state, "_meta": meta}),
        ))
    }

    fn ask_by_request(&self, questions: &[(&str, &str, Json)]) -> Result<Vec<Json>, Stop> {
        let mut waiting = Vec::new();
        for (_, method, params) in questions {
            let id = json!(self.server.number());
            let (sender, receiver) = channel();
            lock(&self.peer.asked).insert(id.to_string(), sender);
            let mut request = json!({"jsonrpc": "2.0", "id": id, "method": method});
            if params != &json!({}) {
                request["params"] = params.clone();
            }
            (self.out)(&request);
            waiting.push(receiver);
        }
        waiting.into_iter().map(|receiver| self.wait(&receiver)).collect()
    }

    fn wait(&self, receiver: &std::sync::mpsc::Receiver<Json>) -> Result<Json, Stop> {
        for _ in 0..STEPS {
            match receiver.recv_timeout(STEP) {
                Ok(answer) if answer.get("error").is_some() => {
                    return Err(Stop::Tool(format!("asking failed: {}", answer["error"]["message"])));
                }
                Ok(answer) => return Ok(answer["result"].clone()),
                Err(RecvTimeoutError::Timeout) if self.is_cancelled() => {
                    self.server.record.note("cancelled");
                    return Err(Stop::Silence);
                }
                Err(_) => {}
            }
        }
        Err(Stop::Tool("nobody has answered".into()))
    }
}

/// Says nothing for a while: some clients hear of no progress that comes together with the answer.
pub(super) fn pause(pause: Duration) {
    let (_keep, never) = channel::<()>();
    let _ = never.recv_timeout(pause);
}
