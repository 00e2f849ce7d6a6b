//! How the calls to a server end, for people who watch.

use std::{convert::Infallible, sync::Arc, time::Duration};

use tokio::time::Instant;

use super::Server;
use crate::layers::Outcome;

/// How the calls to a server have ended so far, and what the last minutes were like.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ServerCalls {
    /// What the server is called.
    pub name: Arc<str>,
    /// Calls with a result.
    pub ok: u64,
    /// Calls with a result in which the tool says that it has failed.
    pub tool_errors: u64,
    /// Calls with a JSON-RPC error.
    pub errors: u64,
    /// Calls that were sent and have no answer.
    pub lost: u64,
    /// Calls that could not be sent.
    pub not_sent: u64,
    /// Calls that the client has given up.
    pub cancelled: u64,
    /// Calls a second that have ended in the last minute.
    pub rate: f64,
    /// The time that half the calls of the last five minutes did not exceed, to about a quarter of it; `None` without calls.
    pub p50: Option<Duration>,
    /// The same of 95 in a hundred.
    pub p95: Option<Duration>,
    /// The same as `p50` for each five seconds of the last five minutes: 60 of them, the oldest first.
    pub medians: Vec<Option<Duration>>,
}

impl ServerCalls {
    /// All calls that have ended.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.ok + self.cancelled + self.failed()
    }

    /// Those that have failed, by whomever.
    #[must_use]
    pub fn failed(&self) -> u64 {
        self.tool_errors + self.errors + self.lost + self.not_sent
    }
}

impl Server {
    /// How the calls to it end.
    pub(crate) fn calls(&self) -> ServerCalls {
        let meter = &self.setting.meter;
        let mut counts = [0; Outcome::ALL.len()];
        let counted: Result<(), Infallible> = meter.visit(|_, _, series| {
            Outcome::ALL.iter().zip(&mut counts).for_each(|(outcome, sum)| *sum += series.count(*outcome));
            Ok(())
        });
        // It has no way to fail.
        let _ = counted;
        let [ok, tool_errors, errors, lost, not_sent, cancelled] = counts;
        let seen = meter.recent().read(Instant::now());
        ServerCalls {
            name: Arc::clone(self.name()),
            ok,
            tool_errors,
            errors,
            lost,
            not_sent,
            cancelled,
            rate: seen.rate,
            p50: seen.p50,
            p95: seen.p95,
            medians: seen.medians,
        }
    }
}
