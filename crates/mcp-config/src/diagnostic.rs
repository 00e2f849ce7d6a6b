//! What is wrong in a file, and where.

use std::{fmt, path::PathBuf};

/// One thing to put right in a configuration file. It never quotes a value that may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// Whether the file can be used all the same.
    pub severity: Severity,
    /// The file, as it was named to the reader.
    pub file: PathBuf,
    /// The line, counted from 1.
    pub line: usize,
    /// The column, in characters and counted from 1.
    pub column: usize,
    /// The keys that lead there, as in `mcpServers.everything.args[1]`; empty for the file as a whole.
    pub path: String,
    /// What is wrong, and what to do.
    pub message: String,
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    /// The file is not used.
    Error,
    /// The file is used; something in it has no effect.
    Warning,
}

impl fmt::Display for Diagnostic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: ", self.file.display(), self.line, self.column)?;
        if !self.path.is_empty() {
            write!(f, "{}: ", self.path)?;
        }
        f.write_str(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_as_compilers_write() {
        let mut diagnostic = Diagnostic {
            severity: Severity::Error,
            file: "mcp-config.json".into(),
            line: 12,
            column: 9,
            path: "mcpServers.everything.args[1]".to_owned(),
            message: "must be a string".to_owned(),
        };
        let place = "mcp-config.json:12:9: ";
        assert_eq!(diagnostic.to_string(), format!("{place}mcpServers.everything.args[1]: must be a string"));
        diagnostic.path.clear();
        assert_eq!(diagnostic.to_string(), format!("{place}must be a string"));
    }
}
