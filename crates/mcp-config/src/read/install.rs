//! Reads the commands that install a server.

use jsonc_parser::{ast::Value, common::Ranged};

use super::Reader;
use crate::{InstallCommand, expand::expand, key::CommandDraft, split_words};

/// What only a shell understands where it stands alone.
const OF_A_SHELL: [&str; 9] = ["&&", "||", "|", ";", "&", ">", ">>", "<", "2>&1"];

impl Reader<'_> {
    /// The commands as they are written. What becomes of them depends on whether there is a shell.
    pub(crate) fn commands(&mut self, value: &Value<'_>, path: &str) -> Vec<CommandDraft> {
        self.list(value, path, Self::command).unwrap_or_default()
    }

    fn command(&mut self, value: &Value<'_>, path: &str) -> Option<CommandDraft> {
        let (at, path) = (value.start(), path.to_owned());
        if value.as_array().is_some() {
            let words = self.list(value, &path, Self::text)?;
            return Some(CommandDraft { at, path, words, line: None });
        }
        let line = self.must_be(value.as_string_lit(), value, &path, "a command line, or a list of words")?;
        Some(CommandDraft { at, path, words: Vec::new(), line: Some(line.value.clone().into_owned()) })
    }

    /// What is run. A list of words never sees a shell; in words that no shell reads, variables are expanded.
    pub(super) fn install_command(&mut self, draft: CommandDraft, has_shell: bool) -> Option<InstallCommand> {
        let CommandDraft { at, path, words, line } = draft;
        let words = match line {
            Some(line) if line.trim().is_empty() => return None,
            Some(line) if has_shell => return Some(InstallCommand::Shell(line)),
            Some(line) => self.told(split_words(&line), at, &path)?,
            None => words,
        };
        if words.first().is_none_or(String::is_empty) {
            self.error(at, &path, "needs a program as its first word");
            return None;
        }
        if let Some(word) = words.iter().find(|word| OF_A_SHELL.contains(&word.as_str())) {
            let why =
                format!("has `{word}`, which only a shell understands; write several commands, or set `installShell`");
            self.warn(at, &path, why);
        }
        let lookup = self.lookup;
        let expanded = words.iter().map(|word| expand(word, lookup)).collect::<Result<_, _>>();
        self.told(expanded, at, &path).map(InstallCommand::Words)
    }
}
