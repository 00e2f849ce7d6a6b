//! Tasks: those of 2025-11-25, which the client asks for, and those of the modern extension, which the server decides on.

use std::time::{Duration, Instant};

use serde_json::json;

use super::call::{Call, Stop, pause};
use super::{lock, tools};
use crate::Json;
use crate::revision::Revision;

/// The modern extension.
pub(crate) const EXTENSION: &str = "io.modelcontextprotocol/tasks";
const RELATED: &str = "io.modelcontextprotocol/related-task";
/// How long a quick one takes.
const QUICK: Duration = Duration::from_millis(30);

/// One of the tasks of a server.
#[derive(Clone, Debug)]
pub(super) struct Task {
    id: String,
    /// `quick`, `slow` or `ask`.
    how: String,
    began: Instant,
    is_cancelled: bool,
    /// What the client has answered.
    answer: Option<Json>,
}

impl Task {
    fn status(&self) -> &'static str {
        match self.how.as_str() {
            _ if self.is_cancelled => "cancelled",
            "slow" => "working",
            "ask" if self.answer.is_none() => "input_required",
            "quick" if self.began.elapsed() < QUICK => "working",
            _ => "completed",
        }
    }

    /// As the revision of the server writes it.
    fn shown(&self, is_modern: bool) -> Json {
        let at = "2026-01-01T00:00:00Z";
        let mut task = json!({"taskId": self.id, "status": self.status(), "createdAt": at, "lastUpdatedAt": at});
        let (ttl, interval) = if is_modern { ("ttlMs", "pollIntervalMs") } else { ("ttl", "pollInterval") };
        task[ttl] = json!(60_000);
        task[interval] = json!(10);
        task
    }

    fn result(&self) -> Json {
        tools::text(self.answer.as_ref().map_or_else(|| "job done".into(), Json::to_string))
    }
}

/// The tool that may be a task: as one if the revision and the client say so.
pub(super) fn job(call: &mut Call<'_>) -> Result<Json, Stop> {
    let how = call.params["arguments"]["how"].as_str().unwrap_or("quick").to_owned();
    let is_modern = call.server.is_modern();
    let is_task = if is_modern { call.has_tasks() } else { call.params.get("task").is_some() };
    if !is_task || call.server.revision < Revision::Nov25 {
        return match how.as_str() {
            "slow" => call.hang(),
            "ask" => Ok(tools::text(Json::Array(call.ask(&[question()])?).to_string())),
            _ => Ok(tools::text("job done")),
        };
    }
    let id = format!("t{}", call.server.number());
    let task = Task { id: id.clone(), how, began: Instant::now(), is_cancelled: false, answer: None };
    let shown = task.shown(is_modern);
    lock(&call.server.tasks).push(task);
    if !is_modern {
        return Ok(json!({"task": shown}));
    }
    let mut result = shown;
    result["resultType"] = json!("task");
    Ok(result)
}

fn question() -> (&'static str, &'static str, Json) {
    ("said", "sampling/createMessage", tools::message("Hello?"))
}

/// The requests about tasks.
pub(super) fn about(call: &mut Call<'_>, method: &str) -> Result<Json, Stop> {
    let is_modern = call.server.is_modern();
    if call.server.revision < Revision::Nov25 || is_modern && ["tasks/list", "tasks/result"].contains(&method) {
        return Err(Stop::error(-32601, "there is no such method"));
    }
    if is_modern && !call.has_tasks() {
        let data = json!({"requiredCapabilities": {"extensions": {EXTENSION: {}}}});
        return Err(Stop::Error(json!({"code": -32021, "message": "the client knows no tasks", "data": data})));
    }
    if method == "tasks/list" {
        let all: Vec<_> = lock(&call.server.tasks).iter().map(|task| task.shown(false)).collect();
        return Ok(json!({"tasks": all}));
    }
    let task = change(call, |_| ())?;
    match method {
        "tasks/cancel" if is_modern => change(call, |task| task.is_cancelled = true).map(|_| json!({})),
        "tasks/cancel" => change(call, |task| task.is_cancelled = true).map(|task| task.shown(false)),
        "tasks/update" if is_modern => {
            let answer = call.params["inputResponses"]["said"].clone();
            change(call, |task| task.answer = Some(answer)).map(|_| json!({}))
        }
        "tasks/get" => {
            let mut shown = task.shown(is_modern);
            match task.status() {
                "input_required" if is_modern => {
                    let (key, method, params) = question();
                    shown["inputRequests"] = json!({key: {"method": method, "params": params}});
                }
                "completed" if is_modern => {
                    shown["result"] = task.result();
                    shown["result"]["resultType"] = json!("complete");
                }
                _ => {}
            }
            Ok(shown)
        }
        "tasks/result" => payload(call, task),
        _ => Err(Stop::error(-32601, "there is no such method")),
    }
}

/// The result of a task once it is there; what it has to ask comes on the way.
fn payload(call: &mut Call<'_>, mut task: Task) -> Result<Json, Stop> {
    let related = json!({RELATED: {"taskId": task.id}});
    if task.status() == "input_required" {
        let (key, method, mut params) = question();
        params["_meta"] = related.clone();
        let answer = call.ask(&[(key, method, params)])?.remove(0);
        task = change(call, |task| task.answer = Some(answer))?;
    }
    while task.status() == "working" && !call.is_cancelled() {
        pause(QUICK);
        task = change(call, |_| ())?;
    }
    let mut result = task.result();
    result["_meta"] = related;
    Ok(result)
}

/// Does something to the task that a request names, and gives what it is then.
fn change(call: &Call<'_>, change: impl FnOnce(&mut Task)) -> Result<Task, Stop> {
    let mut tasks = lock(&call.server.tasks);
    let task = tasks.iter_mut().find(|task| call.params["taskId"] == task.id.as_str());
    let task = task.ok_or_else(|| Stop::error(-32602, "there is no such task"))?;
    change(task);
    Ok(task.clone())
}
