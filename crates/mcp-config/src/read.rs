//! Reads a configuration file.

mod custom;
mod hub;
mod install;
mod item;
mod object;
mod server;
mod target;
mod tool_config;
mod value;

use std::{fmt, path::Path};

use jsonc_parser::{
    ast::{Object, Value},
    common::Ranged,
};

use crate::{Diagnostic, File, Severity, expand::Lookup, jsonc, key::PROXY, text::Position};

pub use tool_config::add_tool_config;

/// What came of reading a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Parsed {
    /// What the file says; `None` if it has an error.
    pub file: Option<File>,
    /// What is wrong in it, in the order of its lines.
    pub diagnostics: Vec<Diagnostic>,
}

/// Collects what is wrong while a file is read.
pub(crate) struct Reader<'a> {
    file: &'a Path,
    text: &'a str,
    lookup: Lookup<'a>,
    found: Vec<(usize, Diagnostic)>,
    /// Names that stand for something else in the file, to be looked up when all of it is read.
    named: Vec<hub::Named>,
    /// Names that rules have given, and to what.
    exposed: item::Exposed,
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
    let mut reader = Reader::new(file, text, lookup);
    let read = reader.file();
    let diagnostics = reader.told_in_order();
    let broken = diagnostics.iter().any(|it| it.severity == Severity::Error);
    Parsed { file: read.filter(|_| !broken), diagnostics }
}

impl<'a> Reader<'a> {
    fn new(file: &'a Path, text: &'a str, lookup: Lookup<'a>) -> Self {
        // Some editors begin a file with a mark that is no part of its text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Self { file, text, lookup, found: Vec::new(), named: Vec::new(), exposed: item::Exposed::default() }
    }

    fn file(&mut self) -> Option<File> {
        let object = self.root("{\"mcpServers\": {}}")?;
        let mut file = File::default();
        self.object(&object, "", &PROXY, object::Side::Every, &mut file);
        self.look_up(&file);
        Some(file)
    }

    /// The object that the whole text is; `least` is the shortest one of its kind.
    fn root(&mut self, least: &str) -> Option<Object<'a>> {
        if LARGEST < self.text.len() {
            self.error(0, "", "is longer than 4 MiB, which no configuration is");
            return None;
        }
        match jsonc::parse(self.text) {
            Ok(Some(Value::Object(object))) => Some(object),
            Ok(Some(other)) => {
                self.error(other.start(), "", format_args!("must be an object, as in `{least}`"));
                None
            }
            Ok(None) => {
                self.error(0, "", format_args!("is empty; write at least `{least}`"));
                None
            }
            Err(error) => {
                self.error(error.range().start, "", format_args!("is no JSON: {}", error.kind()));
                None
            }
        }
    }

    /// What is wrong, in the order of the lines.
    fn told_in_order(mut self) -> Vec<Diagnostic> {
        self.found.sort_by_key(|(at, _)| *at);
        self.found.into_iter().map(|(_, diagnostic)| diagnostic).collect()
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
