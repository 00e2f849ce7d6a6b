//! How many calls a server has had, of which kind, and how long they took.

use std::{
    collections::HashMap,
    sync::{
        Arc, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use mcp_jsonrpc::Message;
use mcp_protocol::{is_tool_error, method};
use mcp_transport::Request;
use prometheus_client::metrics::histogram::Histogram;
use tokio::time::Instant;

use super::recent::Recent;

/// How a call has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Ok,
    /// With a result in which the tool says that it has failed.
    ToolError,
    /// With a JSON-RPC error.
    Error,
    /// Without a response, although it was sent.
    Lost,
    NotSent,
    Cancelled,
}

/// The calls of one server, by method and tool. All connections to the server share one.
#[derive(Debug)]
pub(crate) struct Meter {
    /// By the place of their method in [`method::REQUESTS`]; the last one is of all other methods.
    methods: [OnceLock<Arc<Series>>; method::REQUESTS.len() + 1],
    tools: RwLock<HashMap<Box<str>, Arc<Series>>>,
    /// Of tools past the bound, and of calls that name none.
    other_tools: OnceLock<Arc<Series>>,
    recent: Arc<Recent>,
}

/// The calls of one method, and of one tool where they call one.
#[derive(Debug)]
pub(crate) struct Series {
    outcomes: [AtomicU64; Outcome::ALL.len()],
    seconds: Histogram,
    /// Of all calls to the server.
    recent: Arc<Recent>,
}

/// Tools of one server that are counted apart. Whoever calls a tool gives its name, so there is no end to them.
pub(crate) const MAX_TOOLS: usize = 200;

/// Bytes of a tool's name that is counted apart.
const MAX_NAME: usize = 128;

/// What all that is not counted apart goes by.
pub(crate) const OTHER: &str = "other";

/// Bytes of a result that are looked through for whether a tool has failed: what a tool says about that is short, and
/// large results are not to be read once more.
pub(super) const MOST_LOOKED_AT: usize = 16 << 10;

/// Upper bounds in seconds.
const BUCKETS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 15.0, 60.0];

impl Outcome {
    pub(crate) const ALL: [Self; 6] =
        [Self::Ok, Self::ToolError, Self::Error, Self::Lost, Self::NotSent, Self::Cancelled];

    /// How a call has ended that has this response; `is_of_tool` if it was of a tool.
    pub(crate) fn of(response: &Message, is_of_tool: bool) -> Self {
        let has_failed = |result: &str| result.len() <= MOST_LOOKED_AT && is_tool_error(result);
        if response.is_error() {
            Self::Error
        } else if is_of_tool && response.result().is_some_and(has_failed) {
            Self::ToolError
        } else {
            Self::Ok
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Error => "error",
            Self::Lost => "lost",
            Self::NotSent => "not_sent",
            Self::Cancelled => "cancelled",
        }
    }
}

impl Meter {
    /// Where `request` is counted. Allocates nothing but for the first of its kind.
    pub(crate) fn series(&self, request: &Request) -> Arc<Series> {
        if request.method() == method::TOOLS_CALL {
            return self.tool(request);
        }
        let place = method::REQUESTS.iter().position(|known| *known == request.method());
        Arc::clone(self.methods[place.unwrap_or(method::REQUESTS.len())].get_or_init(|| self.begin()))
    }

    fn begin(&self) -> Arc<Series> {
        let recent = Arc::clone(&self.recent);
        Arc::new(Series { outcomes: Default::default(), seconds: Histogram::new(BUCKETS), recent })
    }

    /// What the last minutes were like.
    pub(crate) fn recent(&self) -> &Recent {
        &self.recent
    }

    fn tool(&self, request: &Request) -> Arc<Series> {
        let other = || Arc::clone(self.other_tools.get_or_init(|| self.begin()));
        let Some(name) = request.subject() else { return other() };
        // One that is really called that cannot be told from the rest.
        if name == OTHER || MAX_NAME < name.len() {
            return other();
        }
        if let Some(series) = self.tools.read().unwrap_or_else(PoisonError::into_inner).get(&*name) {
            return Arc::clone(series);
        }
        let mut tools = self.tools.write().unwrap_or_else(PoisonError::into_inner);
        // Somebody else may have been faster, so it is looked for once more.
        if MAX_TOOLS <= tools.len() && !tools.contains_key(&*name) {
            return other();
        }
        Arc::clone(tools.entry((*name).into()).or_insert_with(|| self.begin()))
    }

    /// Everything there is, each with its method and tool.
    pub(crate) fn visit<E>(&self, mut each: impl FnMut(&str, &str, &Series) -> Result<(), E>) -> Result<(), E> {
        let names = method::REQUESTS.into_iter().chain([OTHER]);
        for (name, series) in names.zip(&self.methods) {
            series.get().map_or(Ok(()), |series| each(name, "", series))?;
        }
        let mut tools: Vec<_> = {
            let tools = self.tools.read().unwrap_or_else(PoisonError::into_inner);
            tools.iter().map(|(name, series)| (name.clone(), Arc::clone(series))).collect()
        };
        tools.sort_unstable_by(|(one, _), (two, _)| one.cmp(two));
        for (name, series) in &tools {
            each(method::TOOLS_CALL, name, series)?;
        }
        self.other_tools.get().map_or(Ok(()), |series| each(method::TOOLS_CALL, OTHER, series))
    }
}

impl Default for Meter {
    fn default() -> Self {
        let methods = std::array::from_fn(|_| OnceLock::new());
        Self { methods, tools: RwLock::default(), other_tools: OnceLock::new(), recent: Arc::default() }
    }
}

impl Series {
    /// Counts a call that ends now, and how long it took if that says anything.
    pub(crate) fn note(&self, outcome: Outcome, now: Instant, took: Option<Duration>) {
        self.outcomes[outcome as usize].fetch_add(1, Ordering::Relaxed);
        self.recent.note(now, took);
        if let Some(took) = took {
            self.seconds.observe(took.as_secs_f64());
        }
    }

    /// How many have ended like that.
    pub(crate) fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome as usize].load(Ordering::Relaxed)
    }

    /// How long they took.
    pub(crate) fn seconds(&self) -> &Histogram {
        &self.seconds
    }
}

#[cfg(test)]
mod tests;
