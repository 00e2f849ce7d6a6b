//! The names of requests and notifications, and what a proxy asks about them.

/// Opens a legacy conversation.
pub const INITIALIZE: &str = "initialize";
/// Asks whether the peer is alive; legacy, both ways.
pub const PING: &str = "ping";
/// Asks a modern server for its versions and capabilities.
pub const SERVER_DISCOVER: &str = "server/discover";
/// Lists tools.
pub const TOOLS_LIST: &str = "tools/list";
/// Calls a tool.
pub const TOOLS_CALL: &str = "tools/call";
/// Lists prompts.
pub const PROMPTS_LIST: &str = "prompts/list";
/// Fetches a prompt.
pub const PROMPTS_GET: &str = "prompts/get";
/// Lists resources.
pub const RESOURCES_LIST: &str = "resources/list";
/// Lists templates of resources.
pub const RESOURCES_TEMPLATES_LIST: &str = "resources/templates/list";
/// Reads a resource.
pub const RESOURCES_READ: &str = "resources/read";
/// Asks for word of changes of a resource; legacy.
pub const RESOURCES_SUBSCRIBE: &str = "resources/subscribe";
/// Takes that back; legacy.
pub const RESOURCES_UNSUBSCRIBE: &str = "resources/unsubscribe";
/// Opens a stream of change notifications; modern.
pub const SUBSCRIPTIONS_LISTEN: &str = "subscriptions/listen";
/// Asks for completions of an argument.
pub const COMPLETION_COMPLETE: &str = "completion/complete";
/// Sets from which level on the server logs; legacy.
pub const LOGGING_SET_LEVEL: &str = "logging/setLevel";
/// Asks for the state of a task.
pub const TASKS_GET: &str = "tasks/get";
/// Waits for the result of a task; 2025-11-25.
pub const TASKS_RESULT: &str = "tasks/result";
/// Lists tasks; 2025-11-25.
pub const TASKS_LIST: &str = "tasks/list";
/// Cancels a task.
pub const TASKS_CANCEL: &str = "tasks/cancel";
/// Answers what a task asked for; the tasks extension of the modern era.
pub const TASKS_UPDATE: &str = "tasks/update";
/// Asks the client's model for a completion.
pub const SAMPLING_CREATE_MESSAGE: &str = "sampling/createMessage";
/// Asks the client's user for input.
pub const ELICITATION_CREATE: &str = "elicitation/create";
/// Asks the client for its roots.
pub const ROOTS_LIST: &str = "roots/list";

/// Says that a legacy handshake is complete.
pub const INITIALIZED: &str = "notifications/initialized";
/// Takes a request back.
pub const CANCELLED: &str = "notifications/cancelled";
/// Tells how far a request has come.
pub const PROGRESS: &str = "notifications/progress";
/// Carries a log message.
pub const MESSAGE: &str = "notifications/message";
/// The tools have changed.
pub const TOOLS_LIST_CHANGED: &str = "notifications/tools/list_changed";
/// The prompts have changed.
pub const PROMPTS_LIST_CHANGED: &str = "notifications/prompts/list_changed";
/// The resources have changed.
pub const RESOURCES_LIST_CHANGED: &str = "notifications/resources/list_changed";
/// One resource has changed.
pub const RESOURCES_UPDATED: &str = "notifications/resources/updated";
/// The client's roots have changed; legacy.
pub const ROOTS_LIST_CHANGED: &str = "notifications/roots/list_changed";
/// A URL elicitation is over; 2025-11-25.
pub const ELICITATION_COMPLETE: &str = "notifications/elicitation/complete";
/// A task has changed; 2025-11-25.
pub const TASKS_STATUS: &str = "notifications/tasks/status";
/// A task has changed; the tasks extension of the modern era.
pub const TASKS_CHANGED: &str = "notifications/tasks";
/// First message of a change stream: what it will carry; modern.
pub const SUBSCRIPTIONS_ACKNOWLEDGED: &str = "notifications/subscriptions/acknowledged";

/// Every request of every revision, and of the tasks extension.
pub const REQUESTS: [&str; 23] = [
    INITIALIZE,
    PING,
    SERVER_DISCOVER,
    TOOLS_LIST,
    TOOLS_CALL,
    PROMPTS_LIST,
    PROMPTS_GET,
    RESOURCES_LIST,
    RESOURCES_TEMPLATES_LIST,
    RESOURCES_READ,
    RESOURCES_SUBSCRIBE,
    RESOURCES_UNSUBSCRIBE,
    SUBSCRIPTIONS_LISTEN,
    COMPLETION_COMPLETE,
    LOGGING_SET_LEVEL,
    TASKS_GET,
    TASKS_RESULT,
    TASKS_LIST,
    TASKS_CANCEL,
    TASKS_UPDATE,
    SAMPLING_CREATE_MESSAGE,
    ELICITATION_CREATE,
    ROOTS_LIST,
];

/// Every notification of every revision, and of the tasks extension.
pub const NOTIFICATIONS: [&str; 13] = [
    INITIALIZED,
    CANCELLED,
    PROGRESS,
    MESSAGE,
    TOOLS_LIST_CHANGED,
    PROMPTS_LIST_CHANGED,
    RESOURCES_LIST_CHANGED,
    RESOURCES_UPDATED,
    ROOTS_LIST_CHANGED,
    ELICITATION_COMPLETE,
    TASKS_STATUS,
    TASKS_CHANGED,
    SUBSCRIPTIONS_ACKNOWLEDGED,
];

/// The request's name as it stands here, if any revision has it.
#[must_use]
pub fn known(request: &str) -> Option<&'static str> {
    REQUESTS.into_iter().find(|known| *known == request)
}

/// Whether an answer may rightly take for ever, so that call timeouts and permits are not for it.
#[must_use]
pub fn is_long_lived(method: &str) -> bool {
    matches!(method, SUBSCRIPTIONS_LISTEN | TASKS_RESULT)
}

/// Whether a server may ask the client something while it works on this: by a request in the legacy era, by an
/// `input_required` result in the modern one (2026-07-28, multi round-trip requests).
#[must_use]
pub fn may_interact(method: &str) -> bool {
    matches!(method, TOOLS_CALL | PROMPTS_GET | RESOURCES_READ)
}

/// Whether sending it twice does no more than sending it once, so that a lost one may be sent again.
///
/// This looks at the method alone: `tools/call` may still be safe by the tool's annotations, and a request that carries
/// the answers to an earlier `input_required` is not safe, whatever its method.
#[must_use]
pub fn is_idempotent(method: &str) -> bool {
    matches!(
        method,
        PING | SERVER_DISCOVER
            | TOOLS_LIST
            | PROMPTS_LIST
            | PROMPTS_GET
            | RESOURCES_LIST
            | RESOURCES_TEMPLATES_LIST
            | RESOURCES_READ
            | COMPLETION_COMPLETE
            | TASKS_GET
            | TASKS_LIST
            | ROOTS_LIST
    )
}

/// Whether a complete result says how long and for whom it may be cached (2026-07-28, caching).
#[must_use]
pub fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        SERVER_DISCOVER | TOOLS_LIST | PROMPTS_LIST | RESOURCES_LIST | RESOURCES_TEMPLATES_LIST | RESOURCES_READ
    )
}

/// Whether only the legacy era has it: a modern peer answers "method not found", and nothing modern may be sent as this.
///
/// The three requests of [`is_server_request`] are not among them: they live on inside `input_required` results.
#[must_use]
pub fn is_removed_in_modern(method: &str) -> bool {
    matches!(
        method,
        INITIALIZE
            | PING
            | LOGGING_SET_LEVEL
            | RESOURCES_SUBSCRIBE
            | RESOURCES_UNSUBSCRIBE
            | TASKS_RESULT
            | TASKS_LIST
            | INITIALIZED
            | ROOTS_LIST_CHANGED
            | ELICITATION_COMPLETE
            | TASKS_STATUS
    )
}

/// Whether only the modern era has it.
#[must_use]
pub fn is_new_in_modern(method: &str) -> bool {
    matches!(method, SERVER_DISCOVER | SUBSCRIPTIONS_LISTEN | TASKS_UPDATE | TASKS_CHANGED | SUBSCRIPTIONS_ACKNOWLEDGED)
}

/// Whether only servers ask this, and clients answer. (`ping` and, in 2025-11-25, `tasks/…` go both ways.)
#[must_use]
pub fn is_server_request(method: &str) -> bool {
    matches!(method, SAMPLING_CREATE_MESSAGE | ELICITATION_CREATE | ROOTS_LIST)
}

/// Whether it tells that a list has changed; of several in a row only the last one matters.
#[must_use]
pub fn is_list_changed(method: &str) -> bool {
    matches!(method, TOOLS_LIST_CHANGED | PROMPTS_LIST_CHANGED | RESOURCES_LIST_CHANGED | ROOTS_LIST_CHANGED)
}

/// Which member of `params` says what the request is about, and is repeated in the `Mcp-Name` header (2026-07-28,
/// streamable HTTP, standard request headers; tasks extension, routing headers).
#[must_use]
pub fn name_field(method: &str) -> Option<&'static str> {
    match method {
        TOOLS_CALL | PROMPTS_GET => Some("name"),
        RESOURCES_READ => Some("uri"),
        TASKS_GET | TASKS_UPDATE | TASKS_CANCEL => Some("taskId"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(question: fn(&str) -> bool, expect: &[&str]) {
        let known = REQUESTS.into_iter().chain(NOTIFICATIONS);
        let mut found: Vec<_> = known.filter(|method| question(method)).collect();
        let mut expect = expect.to_vec();
        found.sort_unstable();
        expect.sort_unstable();
        assert_eq!(found, expect);
        assert!(!question("vendor/unknown"));
    }

    #[test]
    fn no_name_stands_twice_and_kinds_are_told_by_their_prefix() {
        let mut all: Vec<_> = REQUESTS.into_iter().chain(NOTIFICATIONS).collect();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), REQUESTS.len() + NOTIFICATIONS.len());
        assert!(NOTIFICATIONS.iter().all(|name| name.starts_with("notifications/")));
        assert!(!REQUESTS.iter().any(|name| name.starts_with("notifications/")));
    }

    #[test]
    fn what_is_known_is_every_request_and_nothing_else() {
        assert!(REQUESTS.into_iter().all(|name| known(name) == Some(name)));
        assert!(NOTIFICATIONS.into_iter().chain(["", "tools", "tools/call ", "x"]).all(|name| known(name).is_none()));
    }

    #[test]
    fn a_tool_call_is_never_sent_twice_by_method_alone() {
        for unsafe_twice in [TOOLS_CALL, INITIALIZE, SUBSCRIPTIONS_LISTEN, TASKS_UPDATE, TASKS_RESULT, CANCELLED] {
            assert!(!is_idempotent(unsafe_twice), "{unsafe_twice}");
        }
        for harmless in [PING, SERVER_DISCOVER, TOOLS_LIST, RESOURCES_READ, PROMPTS_GET, COMPLETION_COMPLETE] {
            assert!(is_idempotent(harmless), "{harmless}");
        }
    }

    #[test]
    fn few_methods_interact_wait_or_are_asked_by_servers() {
        check(may_interact, &[TOOLS_CALL, PROMPTS_GET, RESOURCES_READ]);
        check(is_long_lived, &[SUBSCRIPTIONS_LISTEN, TASKS_RESULT]);
        check(is_server_request, &[SAMPLING_CREATE_MESSAGE, ELICITATION_CREATE, ROOTS_LIST]);
        check(
            |method| name_field(method).is_some(),
            &[TOOLS_CALL, PROMPTS_GET, RESOURCES_READ, TASKS_GET, TASKS_UPDATE, TASKS_CANCEL],
        );
    }

    #[test]
    fn no_method_is_of_one_era_and_of_the_other() {
        for method in REQUESTS.into_iter().chain(NOTIFICATIONS) {
            assert!(!(is_removed_in_modern(method) && is_new_in_modern(method)), "{method}");
        }
    }
}
