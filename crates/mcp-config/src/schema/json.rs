//! JSON that is written for people.

use mcp_proxy_core::jsonrpc::quote;

/// The members of an object, in the order in which they are written.
pub(super) type Members = Vec<(String, Json)>;

pub(super) enum Json {
    /// A number or a boolean.
    Raw(String),
    Text(String),
    List(Vec<Json>),
    Object(Members),
}

impl Json {
    /// The text; its lines after the first begin `depth` steps from the left. Lists take no line of their own.
    pub(super) fn pretty(&self, depth: usize) -> String {
        match self {
            Self::Raw(text) => text.clone(),
            Self::Text(text) => quote(text),
            Self::List(items) => {
                let items: Vec<_> = items.iter().map(|item| item.pretty(depth)).collect();
                format!("[{}]", items.join(", "))
            }
            Self::Object(members) => {
                let (indent, outdent) = ("  ".repeat(depth + 1), "  ".repeat(depth));
                let line =
                    |(name, value): &(String, Self)| format!("{indent}{}: {}", quote(name), value.pretty(depth + 1));
                let lines: Vec<_> = members.iter().map(line).collect();
                format!("{{\n{}\n{outdent}}}", lines.join(",\n"))
            }
        }
    }
}

impl From<&str> for Json {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<Members> for Json {
    fn from(members: Members) -> Self {
        Self::Object(members)
    }
}

pub(super) fn members<const N: usize>(members: [(&str, Json); N]) -> Members {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
