//! Calls that are answered later: who began one comes back for what it gave.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use bytes::Bytes;
use http::{HeaderValue, StatusCode, header::CONTENT_TYPE};
use http_body_util::BodyExt;
use mcp_openapi::{answer, segment};
use mcp_session::SessionId;
use mcp_transport::Principal;
use tokio::task::AbortHandle;

use super::{
    Asking,
    reply::{Failed, RestAnswer, json, not_found},
};
use crate::{front::now, rescue, rescue::Told};

/// The calls that were answered with 202.
#[derive(Clone, Debug, Default)]
pub(super) struct Calls(Arc<Mutex<HashMap<Box<str>, Call>>>);

#[derive(Debug)]
struct Call {
    owner: Principal,
    server: Arc<str>,
    task: Option<AbortHandle>,
    outcome: Option<Outcome>,
}

/// What a call gave, and when.
#[derive(Clone, Debug)]
struct Outcome {
    at: Instant,
    status: StatusCode,
    kind: HeaderValue,
    body: Bytes,
}

/// Calls at once, those included whose outcome nobody has come for.
const MOST: usize = 1000;
/// The same of one key.
const MOST_OF_ONE: usize = 100;
/// Bytes of all outcomes together. One more, and those that have waited longest are forgotten first.
const MOST_BYTES: usize = 256 << 20;
/// How long an outcome is kept.
const KEPT: Duration = Duration::from_mins(10);

impl Calls {
    /// Begins a call, and gives the id to ask for it by.
    pub(super) fn begin(
        &self,
        owner: Principal,
        server: Arc<str>,
        finish: impl Future<Output = RestAnswer> + Send + 'static,
    ) -> Result<Box<str>, Told> {
        let id: Box<str> = SessionId::random().map_err(|_| rescue::no_randomness())?.expose().as_ref().into();
        let mut calls = self.lock();
        let is_named = owner != Principal::Anonymous;
        if MOST <= calls.len() || is_named && MOST_OF_ONE <= calls.values().filter(|call| call.owner == owner).count() {
            return Err(rescue::too_many_calls());
        }
        let (me, key) = (self.clone(), id.clone());
        let task = tokio::spawn(async move {
            let outcome = Outcome::of(finish.await).await;
            let mut calls = me.lock();
            if let Some(call) = calls.get_mut(&key) {
                (call.task, call.outcome) = (None, Some(outcome));
            }
            forget_oldest(&mut calls, MOST_BYTES);
        });
        calls.insert(id.clone(), Call { owner, server, task: Some(task.abort_handle()), outcome: None });
        Ok(id)
    }

    pub(super) fn sweep(&self, now: Instant) {
        let is_old = |outcome: &Outcome| KEPT < now.saturating_duration_since(outcome.at);
        self.lock().retain(|_, call| !call.outcome.as_ref().is_some_and(is_old));
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Outcome {
    async fn of(answer: RestAnswer) -> Self {
        let status = answer.status();
        let kind = answer.headers().get(CONTENT_TYPE).cloned();
        // It is all there already.
        let body = answer.into_body().collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
        let kind = kind.unwrap_or(HeaderValue::from_static("application/json"));
        Self { at: now(), status, kind, body }
    }
}

impl Asking<'_> {
    /// `GET …/calls/{id}`: the outcome, or that there is none yet.
    pub(super) fn outcome(&self, id: &str) -> Result<RestAnswer, Failed> {
        let calls = self.rest.calls.lock();
        let call = calls.get(id).filter(|call| self.is_ours(call)).ok_or_else(unknown)?;
        if let Some(outcome) = &call.outcome {
            let mut answer = json(outcome.status, outcome.body.clone());
            answer.headers_mut().insert(CONTENT_TYPE, outcome.kind.clone());
            return Ok(answer);
        }
        let server = segment::encode(self.server.name());
        let place = format!("{}/api/mcp/{server}/calls/{id}", self.front.public_path);
        Ok(json(StatusCode::ACCEPTED, answer::running(&place)))
    }

    /// `DELETE …/calls/{id}`: cancels the call, and forgets its outcome.
    pub(super) fn cancel(&self, id: &str) -> Result<RestAnswer, Failed> {
        let mut calls = self.rest.calls.lock();
        calls.get(id).filter(|call| self.is_ours(call)).ok_or_else(unknown)?;
        if let Some(task) = calls.remove(id).and_then(|call| call.task) {
            task.abort();
        }
        let mut gone = json(StatusCode::NO_CONTENT, Bytes::new());
        gone.headers_mut().remove(CONTENT_TYPE);
        Ok(gone)
    }

    fn is_ours(&self, call: &Call) -> bool {
        call.owner == self.head.principal && *call.server == **self.server.name()
    }
}

/// Forgets outcomes until the others are not too large.
fn forget_oldest(calls: &mut HashMap<Box<str>, Call>, most: usize) {
    let outcomes = calls.iter().filter_map(|(id, call)| Some((id, call.outcome.as_ref()?)));
    let mut held: Vec<_> = outcomes.map(|(id, outcome)| (outcome.at, outcome.body.len(), id.clone())).collect();
    let mut bytes: usize = held.iter().map(|(_, length, _)| length).sum();
    if bytes <= most {
        return;
    }
    held.sort();
    for (_, length, id) in held {
        if bytes <= most {
            break;
        }
        bytes -= length;
        calls.remove(&id);
    }
}

fn unknown() -> Failed {
    not_found("Call not found", "there is no such call, or its outcome is not kept any more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_outcomes_are_forgotten_and_calls_that_run_are_not() {
        let start = now();
        let call = |age: Option<u64>| Call {
            owner: Principal::Anonymous,
            server: "lab".into(),
            task: None,
            outcome: age.map(|age| Outcome {
                at: start + Duration::from_secs(10 - age),
                status: StatusCode::OK,
                kind: HeaderValue::from_static("application/json"),
                body: Bytes::from_static(&[b' '; 10]),
            }),
        };
        let mut calls = HashMap::from(
            [("runs", None), ("old", Some(3)), ("newer", Some(2)), ("new", Some(1))]
                .map(|(id, age)| (Box::from(id), call(age))),
        );
        for (most, left) in
            [(30, &["new", "newer", "old", "runs"][..]), (29, &["new", "newer", "runs"]), (9, &["runs"])]
        {
            forget_oldest(&mut calls, most);
            let mut found: Vec<_> = calls.keys().map(|id| &**id).collect();
            found.sort_unstable();
            assert_eq!(found, left, "{most}");
        }
    }
}
