//! What is a hub's own, for people.

use std::{collections::BTreeMap, sync::Arc};

use mcp_proxy_core::{
    aggregator::{Grant, Group, Pattern, Retry},
    transport::Secret,
};

use super::{Row, list, optional, row};
use crate::{Hub, value::write_time};

/// Its settings.
pub(super) fn rows(hub: &Hub, grants: &BTreeMap<Arc<str>, Grant>) -> Vec<Row> {
    let mut rows = vec![
        row("separator", &hub.separator, |naming| naming.separator().to_owned()),
        row("deadline", &hub.deadline, |time| write_time(*time)),
        row("pageSize", &hub.page, ToString::to_string),
        row("serverInfo", &hub.server_info, |info| optional(info.as_deref())),
        row("retry.stdio", &hub.retry_stdio, retry),
        row("retry.sse", &hub.retry_sse, retry),
        row("retry.http", &hub.retry_http, retry),
        row("state", &hub.state, |state| {
            state.as_ref().map_or_else(|| ".mcp-hub beside the file".to_owned(), ToString::to_string)
        }),
        row("allowedKeys", &hub.allowed_keys, |keys| names(keys)),
        row("allowedTokens", &hub.allowed_tokens, |keys| names(keys)),
    ];
    rows.extend(grants.iter().map(|(name, grant)| vec![format!("keys.{name}"), limits(grant), "file".to_owned()]));
    rows
}

/// A group: its name and what is in it.
pub(super) fn group(group: &Group) -> Row {
    let everything = |patterns: &Option<Vec<Pattern>>| patterns.as_deref().map_or_else(|| "*".to_owned(), patterns_of);
    let mut said = format!("servers: {}; tools: {}", everything(&group.servers), everything(&group.tools));
    if !group.deny.is_empty() {
        said = format!("{said}; deny: {}", patterns_of(&group.deny));
    }
    vec![group.name.to_string(), said]
}

fn patterns_of(patterns: &[Pattern]) -> String {
    list(patterns.iter().map(Pattern::as_str))
}

fn names(keys: &[(Arc<str>, Secret)]) -> String {
    list(keys.iter().map(|(name, _)| format!("{name}=***")))
}

fn limits(grant: &Grant) -> String {
    let groups = grant.groups.as_ref().map(|groups| format!("groups: {}", list(groups)));
    let tools = grant.tools.as_deref().map(|tools| format!("tools: {}", patterns_of(tools)));
    groups.into_iter().chain(tools).collect::<Vec<_>>().join("; ")
}

fn retry(retry: &Retry) -> String {
    match retry.attempts {
        0 => "off".to_owned(),
        attempts => format!("{attempts}, from {}", write_time(retry.base)),
    }
}
