//! What is told of a server, as JSON text.

use std::{fmt::Write as _, sync::Arc};

use mcp_config::Applied;
use mcp_jsonrpc::quote;
use mcp_proxy_core::{ServerStatus, iso};

/// One server: `status`, `lastUsed`, `pendingRequests` and `health` always, the rest where there is something to say.
pub(crate) fn server(status: &ServerStatus) -> String {
    let mut text = format!(
        r#"{{"status":"{}","lastUsed":"{}","pendingRequests":{},"health":"{}""#,
        status.state.as_str(),
        iso(status.last_used),
        status.pending,
        status.health.as_str()
    );
    // Writing into a string has no way to fail.
    if let Some(error) = &status.error {
        let _ = write!(text, r#","error":{},"errorAt":"{}""#, quote(&error.reason), iso(error.at));
    }
    if 0 < status.restarts {
        let _ = write!(text, r#","restartCount":{}"#, status.restarts);
    }
    if status.is_disabled {
        text.push_str(r#","disabled":true"#);
    }
    if 0 < status.instances {
        let _ = write!(text, r#","instances":{}"#, status.instances);
    }
    if status.is_interactive {
        text.push_str(r#","interactive":true"#);
    }
    if 0 < status.unattributed {
        let _ = write!(text, r#","unattributed":{}"#, status.unattributed);
    }
    text.push('}');
    text
}

/// What a change of the configuration has done.
pub(crate) fn applied(applied: &Applied) -> String {
    let names = |names: &[Arc<str>]| list(names.iter().map(|name| &**name));
    let (hub, restart) = (applied.hub.to_string(), applied.needs_restart.to_string());
    object([
        ("success", "true"),
        ("added", &*names(&applied.added)),
        ("removed", &*names(&applied.removed)),
        ("changed", &*names(&applied.changed)),
        ("unchanged", &*names(&applied.unchanged)),
        ("warnings", &*list(applied.warnings.iter().map(|warning| &**warning))),
        ("hub", &*hub),
        ("needsRestart", &*restart),
    ])
}

pub(crate) fn list<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    format!("[{}]", texts.map(quote).collect::<Vec<_>>().join(","))
}

/// An object of these members, whose values are JSON text already.
pub(crate) fn object<'a>(members: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let members: Vec<_> = members.into_iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect();
    format!("{{{}}}", members.join(","))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use mcp_proxy_core::{Failure, Health, ServerState};

    use super::*;

    #[test]
    fn what_there_is_nothing_to_say_about_is_left_out() {
        let at = UNIX_EPOCH + Duration::from_hours(473_352);
        let quiet = ServerStatus {
            name: "a".into(),
            state: ServerState::Running,
            is_disabled: false,
            last_used: at,
            pending: 0,
            error: None,
            restarts: 0,
            instances: 0,
            is_interactive: false,
            unattributed: 0,
            health: Health::Healthy,
        };
        let expected =
            r#"{"status":"running","lastUsed":"2024-01-01T00:00:00.000Z","pendingRequests":0,"health":"healthy"}"#;
        assert_eq!(server(&quiet), expected);
        let loud = ServerStatus {
            state: ServerState::Restarting,
            error: Some(Failure { reason: "it \"died\"".into(), at }),
            restarts: 2,
            is_interactive: true,
            health: Health::Open { until: at },
            ..quiet
        };
        let expected = concat!(
            r#"{"status":"restarting","lastUsed":"2024-01-01T00:00:00.000Z","pendingRequests":0,"health":"open","#,
            r#""error":"it \"died\"","errorAt":"2024-01-01T00:00:00.000Z","restartCount":2,"interactive":true}"#
        );
        assert_eq!(server(&loud), expected);
    }

    #[test]
    fn names_are_quoted() {
        assert_eq!(object([("a b", "1"), ("\"", "null")]), r#"{"a b":1,"\"":null}"#);
    }
}
