//! The keys of `_meta`.

/// The member of params, results and many other objects that carries these keys.
pub const META: &str = "_meta";

/// The revision a modern request speaks; required there.
pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
/// What the client of a modern request can do; required there.
pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
/// Who sends a modern request.
pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
/// From which level on a modern request wants logs; without it, none.
pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
/// Who answers; in modern results.
pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
/// Which change stream a message belongs to: the id of the request that opened it.
pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";
/// Which task a message belongs to; 2025-11-25.
pub const RELATED_TASK: &str = "io.modelcontextprotocol/related-task";
/// The token under which the sender wants to hear of progress.
pub const PROGRESS_TOKEN: &str = "progressToken";
/// Trace context of W3C, carried as it is; so are [`TRACESTATE`] and [`BAGGAGE`].
pub const TRACEPARENT: &str = "traceparent";
/// See [`TRACEPARENT`].
pub const TRACESTATE: &str = "tracestate";
/// See [`TRACEPARENT`].
pub const BAGGAGE: &str = "baggage";

/// The name of the tasks extension among the `extensions` of either side's capabilities.
pub const TASKS_EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// The keys that make a request modern; to be taken out of what goes to a legacy peer.
pub const ENVELOPE: [&str; 4] = [PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL];

/// Where a request says under which token it wants to hear of progress.
pub const PROGRESS_TOKEN_PATH: [&str; 3] = ["params", META, PROGRESS_TOKEN];
/// Where a notification says which change stream it belongs to.
pub const SUBSCRIPTION_ID_PATH: [&str; 3] = ["params", META, SUBSCRIPTION_ID];

/// Whether the specification keeps the prefix of this key to itself: its second label is `modelcontextprotocol` or
/// `mcp` (2026-07-28, `_meta`).
#[must_use]
pub fn is_reserved(key: &str) -> bool {
    let Some((prefix, _)) = key.split_once('/') else {
        return false;
    };
    matches!(prefix.split('.').nth(1), Some("modelcontextprotocol" | "mcp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_label_of_the_prefix_reserves_a_key() {
        let reserved = ["io.modelcontextprotocol/", "dev.mcp/x", "org.modelcontextprotocol.api/x", "com.mcp.tools/x"];
        for key in reserved.into_iter().chain(ENVELOPE) {
            assert!(is_reserved(key), "{key}");
        }
        for key in ["com.example.mcp/x", "mcp/x", "progressToken", "dev.mcp", "io.modelcontextprotocolx/a", ""] {
            assert!(!is_reserved(key), "{key}");
        }
    }
}
