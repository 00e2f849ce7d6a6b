//! The tool that takes its time: it tells how far it is, logs, changes a resource, and can be stopped.

use std::{
    sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError},
    thread::{self, Scope},
    time::Duration,
};

use mcp_proxy_core::jsonrpc::{Message, quote};
use mcp_proxy_core::protocol::{LogLevel, code, method};
use serde_json::{Map, Value, json};

use super::{Server, call::Call, change, refusal::Refusal, resource, tool};

pub(super) const TOOL: &str = "count";

const MOST_STEPS: u64 = 10_000;
const LONGEST_DELAY_MS: u64 = 60_000;

#[derive(Clone, Copy, Debug)]
pub(super) struct Plan {
    steps: u64,
    delay: Duration,
}

pub(super) fn properties() -> Value {
    json!({
        "steps": { "type": "integer", "minimum": 1, "maximum": MOST_STEPS, "default": 3 },
        "delay_ms": { "type": "integer", "minimum": 0, "maximum": LONGEST_DELAY_MS, "default": 100 },
    })
}

impl Plan {
    pub(super) fn read(arguments: &Map<String, Value>) -> Result<Self, String> {
        let steps = tool::whole(arguments, "steps", 3, 1..=MOST_STEPS)?;
        let delay = tool::whole(arguments, "delay_ms", 100, 0..=LONGEST_DELAY_MS)?;
        Ok(Self { steps, delay: Duration::from_millis(delay) })
    }
}

impl Server<'_> {
    pub(super) fn count<'s>(
        &'s self,
        call: Call,
        plan: Plan,
        threads: &'s Scope<'s, '_>,
    ) -> Result<Option<Message>, Refusal> {
        let (running, stop) = mpsc::channel();
        let id = call.id.clone();
        self.state().begin(&id, running)?;
        let begun = thread::Builder::new().spawn_scoped(threads, move || self.counting(&call, plan, &stop));
        begun.map(|_| None).map_err(|_| {
            self.state().finish(&id);
            Refusal::new(code::INTERNAL_ERROR, "no thread is to be had for this call; try again later")
        })
    }

    fn counting(&self, call: &Call, plan: Plan, stop: &Receiver<()>) {
        for step in 1..=plan.steps {
            let state = self.state();
            if is_stopped(stop) {
                return;
            }
            if let Some(token) = &call.token {
                let params = format!(r#"{{"progressToken":{token},"progress":{step},"total":{}}}"#, plan.steps);
                self.wire.say(&Message::notification(method::PROGRESS, Some(&params)));
            }
            drop(state);
            if stop.recv_timeout(plan.delay) != Err(RecvTimeoutError::Timeout) {
                return;
            }
        }
        self.counted(call, plan, stop);
    }

    fn counted(&self, call: &Call, plan: Plan, stop: &Receiver<()>) {
        let mut state = self.state();
        if is_stopped(stop) {
            return;
        }
        state.finish(&call.id);
        state.counter += plan.steps;
        let said = format!("counted to {}", plan.steps);
        if call.asker.log_level.is_some_and(|level| level <= LogLevel::Info) {
            let params = format!(r#"{{"level":"{}","logger":"demo","data":{}}}"#, LogLevel::Info, quote(&said));
            self.wire.say(&Message::notification(method::MESSAGE, Some(&params)));
        }
        for told in change::updated(&state, resource::COUNTER) {
            self.wire.say(&told);
        }
        self.wire.say(&call.answer(tool::text(&said)));
    }
}

/// Whether the call was cancelled. Asked under the lock of the state, it holds as long as the lock does; another call
/// with the same id cannot be mistaken for this one.
fn is_stopped(stop: &Receiver<()>) -> bool {
    stop.try_recv() != Err(TryRecvError::Empty)
}
