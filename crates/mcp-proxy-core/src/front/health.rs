//! Whether the proxy is alive, and whether its servers have been tried.

use std::time::SystemTime;

use http::{HeaderValue, Method, StatusCode, header::RETRY_AFTER};
use mcp_transport_http::server::Answer;

use super::{Answered, Front, Refused, refused};
use crate::{iso, rescue};

/// What is asked about the health of the proxy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    /// Everything that there is to tell.
    Whole,
    /// Whether clients get all there is.
    Ready,
    /// Whether there is anybody.
    Live,
}

impl Health {
    /// What a path below `/health` asks.
    pub(super) fn below(leaf: &str) -> Option<Self> {
        match leaf {
            "ready" => Some(Self::Ready),
            "live" => Some(Self::Live),
            _ => None,
        }
    }
}

impl Front {
    /// The answer to a question about the health of the proxy. Never asks for a key, so it tells no names.
    pub(super) fn health(&self, method: &Method, what: Health) -> Result<Answered, Refused> {
        if *method != Method::GET && *method != Method::HEAD {
            return Err(refused(&rescue::wrong_method("GET, HEAD"), None));
        }
        let json = |text: String| Answer::json(Answer::text(text));
        if what == Health::Live {
            return Ok(json(r#"{"status":"ok"}"#.to_owned()));
        }
        let (is_ready, counts) = self.servers.readiness();
        let waits = what == Health::Ready && !is_ready;
        let (version, now) = (env!("CARGO_PKG_VERSION"), iso(SystemTime::now()));
        let status = if waits { "starting" } else { "ok" };
        let servers =
            format!(r#"{{"total":{},"running":{},"failed":{}}}"#, counts.total, counts.running, counts.failed);
        let mut answer = json(format!(
            r#"{{"status":"{status}","timestamp":"{now}","version":"{version}","ready":{is_ready},"servers":{servers}}}"#
        ));
        if waits {
            *answer.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
            answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        Ok(answer)
    }
}
