//! The words of a command line.

use std::str::FromStr;

/// Options that are taken out one by one, so that what is left is wrong.
#[derive(Debug)]
pub(crate) struct Options {
    words: Vec<String>,
    /// What stands behind `--`.
    pub(crate) rest: Vec<String>,
}

impl Options {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        let mut words: Vec<_> = words.collect();
        let at = words.iter().position(|word| word == "--").unwrap_or(words.len());
        let rest = words.split_off(at).into_iter().skip(1).collect();
        Self { words, rest }
    }

    /// Whether an option without a value is there.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() < before
    }

    /// The value of an option, if it is there.
    pub(crate) fn value<T: FromStr>(&mut self, name: &str) -> Result<Option<T>, String> {
        let Some(at) = self.words.iter().position(|word| word == name) else { return Ok(None) };
        let mut taken = self.words.drain(at..self.words.len().min(at + 2));
        let value = taken.nth(1).ok_or_else(|| format!("{name} needs a value"))?;
        value.parse().map(Some).map_err(|_| format!("{name} cannot be `{value}`"))
    }

    /// All values of an option that may be there several times.
    pub(crate) fn values(&mut self, name: &str) -> Result<Vec<String>, String> {
        let mut values = Vec::new();
        while let Some(value) = self.value(name)? {
            values.push(value);
        }
        Ok(values)
    }

    /// That nothing is left.
    pub(crate) fn end(self) -> Result<(), String> {
        self.words.first().map_or(Ok(()), |word| Err(format!("`{word}` is not known here")))
    }
}
