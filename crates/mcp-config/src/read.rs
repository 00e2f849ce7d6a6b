//! Reads a configuration file.

mod custom;
mod object;
mod server;
mod target;
mod value;

use std::{fmt, path::Path};

use jsonc_parser::{ast::Value, common::Ranged};

use crate::{Diagnostic, File, Severity, expand::Lookup, jsonc, key::PROXY, text::Position};

/// What came of reading a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What the file says; `None` if it has an error.
    pub file: Option<File>,
    /// What is wrong in it, in the order of its lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Collects what is wrong while a file is read.
struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    lookup: Lookup<'a>,
    found: Vec<(usize, Diagnostic)>,
}

/// Bytes of a file; the ones of people have some thousand.
const LARGEST: usize = 4 << 20;
/// How many things are told of one file.
const MOST: usize = 200;

/// Reads the text of a configuration file, which is called `file` in what is told about it. `lookup` knows the variables that
/// `${NAME}` stands for.
///
/// All errors of a file are told at once.
pub fn parse(file: &Path, text: &str, lookup: &dyn Fn(&str) -> Option<String>) -> Parsed {
    // Some editors begin a file with a mark that is no part of its text.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = Reader { file, text, lookup, found: Vec::new() };
    let read = reader.file();
    reader.found.sort_by_key(|(at, _)| *at);
    let broken = reader.found.iter().any(|(_, diagnostic)| diagnostic.severity == Severity::Error);
    let diagnostics = reader.found.into_iter().map(|(_, diagnostic)| diagnostic).collect();
    Parsed { file: read.filter(|_| !broken), diagnostics }
}

impl Reader<'_> {
    fn file(&mut self) -> Option<File> {
        if LARGEST < self.text.len() {
            self.error(0, "", "is longer than 4 MiB, which no configuration is");
            return None;
        }
        match jsonc::parse(self.text) {
            Ok(Some(Value::Object(object))) => {
                let mut file = File::default();
                self.object(&object, "", &PROXY, object::Side::Every, &mut file);
                Some(file)
            }
            Ok(Some(other)) => {
                self.error(other.start(), "", "must be an object, as in `{\"mcpServers\": {}}`");
                None
            }
            Ok(None) => {
                self.error(0, "", "is empty; write at least `{\"mcpServers\": {}}`");
                None
            }
            Err(error) => {
                self.error(error.range().start, "", format_args!("is no JSON: {}", error.kind()));
                None
            }
        }
    }

    fn error(&mut self, at: usize, path: &str, message: impl fmt::Display) {
        self.tell(Severity::Error, at, path, message.to_string());
    }

    fn warn(&mut self, at: usize, path: &str, message: impl fmt::Display) {
        self.tell(Severity::Warning, at, path, message.to_string());
    }

    fn tell(&mut self, severity: Severity, at: usize, path: &str, message: String) {
        // A warning never takes the place of an error.
        if MOST <= self.found.len() {
            let Some(warning) = self.found.iter().rposition(|(_, it)| it.severity == Severity::Warning) else { return };
            if severity == Severity::Warning {
                return;
            }
            self.found.remove(warning);
        }
        let Position { line, column } = Position::of(self.text, at);
        let (file, path) = (self.file.to_owned(), path.to_owned());
        self.found.push((at, Diagnostic { severity, file, line, column, path, message }));
    }
}

#[cfg(test)]
mod tests;
