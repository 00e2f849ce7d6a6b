//! The clients whose files we read.

use std::{
    fmt,
    path::{Path, PathBuf},
    str::FromStr,
};

use super::{Members, member};
use crate::json::Json;

/// An MCP client with a configuration file of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientKind {
    /// Claude Desktop.
    ClaudeDesktop,
    /// Claude Code.
    ClaudeCode,
    /// Cursor.
    Cursor,
    /// Windsurf.
    Windsurf,
    /// Visual Studio Code.
    VsCode,
    /// Zed.
    Zed,
}

/// A word that names none of the clients.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no client `{0}`; known are: {known}", known = ClientKind::ALL.map(ClientKind::as_str).join(", "))]
pub struct UnknownClient(pub String);

impl ClientKind {
    /// Every client we know.
    pub const ALL: [Self; 6] =
        [Self::ClaudeDesktop, Self::ClaudeCode, Self::Cursor, Self::Windsurf, Self::VsCode, Self::Zed];

    /// The word for it on a command line.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ClaudeDesktop => "claude-desktop",
            Self::ClaudeCode => "claude-code",
            Self::Cursor => "cursor",
            Self::Windsurf => "windsurf",
            Self::VsCode => "vscode",
            Self::Zed => "zed",
        }
    }

    /// Where the client keeps its file, in the order in which to look: relative paths are files of a project, to be looked
    /// for in the working directory. `os` is a word like [`std::env::consts::OS`].
    #[must_use]
    pub fn default_paths(self, home: &Path, os: &str) -> Vec<PathBuf> {
        let settings = home.join(if os == "macos" { "Library/Application Support" } else { ".config" });
        match self {
            Self::ClaudeDesktop => vec![settings.join("Claude/claude_desktop_config.json")],
            Self::ClaudeCode => vec![".mcp.json".into(), home.join(".claude.json")],
            Self::Cursor => vec![".cursor/mcp.json".into(), home.join(".cursor/mcp.json")],
            Self::Windsurf => vec![home.join(".codeium/windsurf/mcp_config.json")],
            Self::VsCode => vec![".vscode/mcp.json".into(), settings.join("Code/User/mcp.json")],
            Self::Zed => vec![".zed/settings.json".into(), home.join(".config/zed/settings.json")],
        }
    }

    /// Whose file it may be, by what only one of them writes.
    pub(super) fn guess(root: &[(String, Json)], section: &str, servers: &Members) -> Self {
        let any = |key: &str| servers.iter().any(|(_, it)| matches!(it, Json::Object(it) if member(it, key).is_some()));
        match section {
            "servers" => Self::VsCode,
            "context_servers" => Self::Zed,
            _ if any("serverUrl") => Self::Windsurf,
            _ if any("type") || member(root, "projects").is_some() => Self::ClaudeCode,
            _ if any("url") => Self::Cursor,
            _ => Self::ClaudeDesktop,
        }
    }
}

impl fmt::Display for ClientKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ClientKind {
    type Err = UnknownClient;

    fn from_str(word: &str) -> Result<Self, UnknownClient> {
        Self::ALL.into_iter().find(|client| client.as_str() == word).ok_or_else(|| UnknownClient(word.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_client_has_a_word_and_a_place() {
        for client in ClientKind::ALL {
            assert_eq!(client.to_string().parse(), Ok(client));
            assert!(!client.default_paths(Path::new("/home/me"), "linux").is_empty());
        }
        let home = Path::new("/Users/me");
        let expected = home.join("Library/Application Support/Claude/claude_desktop_config.json");
        assert_eq!(ClientKind::ClaudeDesktop.default_paths(home, "macos"), [expected]);
        assert_eq!(
            "emacs".parse::<ClientKind>().unwrap_err().to_string(),
            "there is no client `emacs`; known are: claude-desktop, claude-code, cursor, windsurf, vscode, zed"
        );
    }
}
