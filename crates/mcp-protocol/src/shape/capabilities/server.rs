//! What a server can do.

use super::{ShapeError, declares};
use crate::{meta, method};

/// One thing a server may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ServerCapability {
    /// It has tools.
    Tools,
    /// It tells when they change.
    ToolsListChanged,
    /// It has prompts.
    Prompts,
    /// It tells when they change.
    PromptsListChanged,
    /// It has resources.
    Resources,
    /// It tells when their list changes.
    ResourcesListChanged,
    /// It tells when one of them changes.
    ResourcesSubscribe,
    /// It sends log messages.
    Logging,
    /// It completes arguments (declared since 2025-03-26).
    Completions,
    /// It has tasks as 2025-11-25 has them.
    CoreTasks,
    /// It lists those tasks.
    TasksList,
    /// It has tasks as the extension has them.
    TasksExtension,
}

/// What a server has declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ServerCapabilities(u16);

impl ServerCapability {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Tools,
        Self::ToolsListChanged,
        Self::Prompts,
        Self::PromptsListChanged,
        Self::Resources,
        Self::ResourcesListChanged,
        Self::ResourcesSubscribe,
        Self::Logging,
        Self::Completions,
        Self::CoreTasks,
        Self::TasksList,
        Self::TasksExtension,
    ];

    /// Where it is declared.
    #[must_use]
    pub const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Tools => &["tools"],
            Self::ToolsListChanged => &["tools", "listChanged"],
            Self::Prompts => &["prompts"],
            Self::PromptsListChanged => &["prompts", "listChanged"],
            Self::Resources => &["resources"],
            Self::ResourcesListChanged => &["resources", "listChanged"],
            Self::ResourcesSubscribe => &["resources", "subscribe"],
            Self::Logging => &["logging"],
            Self::Completions => &["completions"],
            Self::CoreTasks => &["tasks"],
            Self::TasksList => &["tasks", "list"],
            Self::TasksExtension => &["extensions", meta::TASKS_EXTENSION],
        }
    }

    /// What a request of the core protocol needs; `None` if it needs nothing, or is not known here. (A server of
    /// 2024-11-05 may complete without saying so.)
    #[must_use]
    pub fn needed_for(method: &str) -> Option<Self> {
        match method {
            method::TOOLS_LIST | method::TOOLS_CALL => Some(Self::Tools),
            method::PROMPTS_LIST | method::PROMPTS_GET => Some(Self::Prompts),
            method::RESOURCES_LIST | method::RESOURCES_TEMPLATES_LIST | method::RESOURCES_READ => Some(Self::Resources),
            method::RESOURCES_SUBSCRIBE | method::RESOURCES_UNSUBSCRIBE => Some(Self::ResourcesSubscribe),
            method::LOGGING_SET_LEVEL => Some(Self::Logging),
            method::COMPLETION_COMPLETE => Some(Self::Completions),
            _ => None,
        }
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl ServerCapabilities {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if it is no object, or a key in question stands twice.
    pub fn read(raw: &str) -> Result<Self, ShapeError> {
        let mut found = Self::default();
        for capability in ServerCapability::ALL {
            if declares("capabilities of a server", raw, capability.path())? {
                found.0 |= capability.bit();
            }
        }
        Ok(found)
    }

    /// Whether the server has declared it.
    #[must_use]
    pub fn has(self, capability: ServerCapability) -> bool {
        self.0 & capability.bit() != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, expect: &[ServerCapability]) {
        let read = ServerCapabilities::read(raw).unwrap();
        let found: Vec<_> = ServerCapability::ALL.into_iter().filter(|one| read.has(*one)).collect();
        assert_eq!(found, expect, "{raw}");
    }

    #[test]
    fn what_is_declared_is_found() {
        use ServerCapability as Has;
        check("{}", &[]);
        check(r#"{"tools":{},"logging":{},"completions":{}}"#, &[Has::Tools, Has::Logging, Has::Completions]);
        check(r#"{"tools":{"listChanged":true}}"#, &[Has::Tools, Has::ToolsListChanged]);
        check(r#"{"tools":{"listChanged":false},"prompts":null}"#, &[Has::Tools]);
        check(
            r#"{"resources":{"subscribe":true,"listChanged":true},"vendor":{"tools":{}}}"#,
            &[Has::Resources, Has::ResourcesListChanged, Has::ResourcesSubscribe],
        );
        check(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, &[Has::TasksExtension]);
        check(r#"{"tasks":{"list":{}}}"#, &[Has::CoreTasks, Has::TasksList]);
        check(r#"{"tasks":{"cancel":{}}}"#, &[Has::CoreTasks]);
    }

    #[test]
    fn what_is_ambiguous_or_no_object_is_refused() {
        for raw in ["[]", "null", r#"{"tools":{},"tools":null}"#, r#"{"tools":"#] {
            assert!(ServerCapabilities::read(raw).is_err(), "{raw}");
        }
    }
}
