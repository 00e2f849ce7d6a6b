//! What a request of REST asks of a server, as it may be asked more than once.

use bytes::Bytes;
use mcp_openapi::{Action, Along, Parameters, request};
use mcp_protocol::{ListKind, method};

use crate::{rescue, rescue::Told};

/// What a request asks of a server.
#[derive(Clone, Debug)]
pub(super) enum Question {
    List { kind: ListKind, cursor: Option<String> },
    Read { uri: String, is_raw: bool },
    Prompt { name: String, body: Bytes },
    Complete { body: Bytes },
    Call { tool: String, body: Bytes, is_short: bool },
}

impl Question {
    /// Reads what can be read before the server is reached.
    pub(super) fn read(action: Action, parameters: &Parameters, body: Bytes) -> Result<Self, Told> {
        let bad = |error: mcp_openapi::BadBody| rescue::bad_params(error.to_string());
        let list = |kind| Self::List { kind, cursor: parameters.cursor.clone() };
        let question = match action {
            Action::Tools => list(ListKind::Tools),
            Action::Resources => list(ListKind::Resources),
            Action::ResourceTemplates => list(ListKind::ResourceTemplates),
            Action::Prompts => list(ListKind::Prompts),
            Action::ReadResource => {
                let uri = parameters.uri.clone();
                let uri = uri.ok_or_else(|| rescue::bad_params("say which resource: ?uri=…"))?;
                let is_raw = parameters.others.iter().any(|(name, value)| name == "raw" && value == "true");
                Self::Read { uri, is_raw }
            }
            Action::Prompt { prompt } => Self::Prompt { name: prompt, body },
            Action::Complete => Self::Complete { body },
            Action::Call { tool } => Self::Call { tool, body, is_short: false },
            Action::ShortCall { tool } => Self::Call { tool, body, is_short: true },
            _ => return Err(rescue::unknown_route()),
        };
        // What is wrong with the body is wrong whatever the server is.
        question.params(&Along::default()).map(drop).map_err(bad)?;
        Ok(question)
    }

    pub(super) fn method(&self) -> &'static str {
        match self {
            Self::List { kind, .. } => kind.method(),
            Self::Read { .. } => method::RESOURCES_READ,
            Self::Prompt { .. } => method::PROMPTS_GET,
            Self::Complete { .. } => method::COMPLETION_COMPLETE,
            Self::Call { .. } => method::TOOLS_CALL,
        }
    }

    /// The params of the message that asks it.
    pub(super) fn params(&self, along: &Along<'_>) -> Result<String, mcp_openapi::BadBody> {
        Ok(match self {
            Self::List { cursor, .. } => request::page(cursor.as_deref(), along),
            Self::Read { uri, .. } => request::resource(uri, along),
            Self::Prompt { name, body } => request::named(name, request::arguments(body)?, along),
            Self::Complete { body } => request::completion(body, along)?,
            Self::Call { tool, body, .. } => request::named(tool, request::arguments(body)?, along),
        })
    }

    /// Whether asking again changes nothing at the server.
    pub(super) fn is_safe(&self) -> bool {
        !matches!(self, Self::Call { .. })
    }

    /// The tool that is called, and whether its answer is to be the short one.
    pub(super) fn tool(&self) -> Option<(&str, bool)> {
        if let Self::Call { tool, is_short, .. } = self { Some((tool, *is_short)) } else { None }
    }
}
