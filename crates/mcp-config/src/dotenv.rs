//! `.env` files.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use mcp_proxy_core::transport::Secret;

use crate::expand::is_variable;

/// A line of a `.env` file that cannot be read. What it says is not quoted, for it may be a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}:{line}: {reason}", file.display())]
pub struct DotEnvError {
    file: PathBuf,
    line: usize,
    reason: &'static str,
}

/// Reads the text of a `.env` file: lines of `NAME=value`, with `export` before it or not, blank lines and comments.
///
/// A value may stand in single quotes, which take everything as it is, or in double quotes, in which `\n`, `\t`, `\"` and `\\` are
/// known. Without quotes it ends at a `#` after a space. Nothing is expanded; of one name the last line counts.
///
/// # Errors
///
/// Names the file and the first line that cannot be read.
pub fn parse_dot_env(file: &Path, text: &str) -> Result<BTreeMap<String, Secret>, DotEnvError> {
    let mut variables = BTreeMap::new();
    for (n, line) in text.strip_prefix('\u{feff}').unwrap_or(text).lines().enumerate() {
        let error = |reason| DotEnvError { file: file.to_owned(), line: n + 1, reason };
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let line = line.strip_prefix("export ").unwrap_or(line);
        let (name, value) = line.split_once('=').ok_or_else(|| error("write NAME=value"))?;
        let name = name.trim();
        if !is_variable(name) {
            return Err(error("a name has letters, digits and `_`, and does not begin with a digit"));
        }
        variables.insert(name.to_owned(), Secret::new(unquoted(value.trim()).map_err(error)?));
    }
    Ok(variables)
}

fn unquoted(value: &str) -> Result<String, &'static str> {
    let (text, rest) = match value.chars().next() {
        Some('\'') => {
            let (text, rest) = value[1..].split_once('\'').ok_or(OPEN)?;
            (text.to_owned(), rest)
        }
        Some('"') => double_quoted(&value[1..])?,
        _ => return Ok(bare(value).to_owned()),
    };
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') { Ok(text) } else { Err("there is more after the closing quote") }
}

const OPEN: &str = "the quote is not closed on its line";

fn double_quoted(value: &str) -> Result<(String, &str), &'static str> {
    let mut text = String::new();
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' => return Ok((text, chars.as_str())),
            '\\' => match chars.next().ok_or(OPEN)? {
                'n' => text.push('\n'),
                't' => text.push('\t'),
                escaped @ ('"' | '\\') => text.push(escaped),
                other => text.extend(['\\', other]),
            },
            c => text.push(c),
        }
    }
    Err(OPEN)
}

fn bare(value: &str) -> &str {
    let comment = value.match_indices('#').find(|(at, _)| value[..*at].ends_with([' ', '\t']) || *at == 0);
    comment.map_or(value, |(at, _)| value[..at].trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<(String, String)>, String> {
        let variables = parse_dot_env(Path::new(".env"), text).map_err(|error| error.to_string())?;
        Ok(variables.into_iter().map(|(name, value)| (name, value.expose().to_owned())).collect())
    }

    #[test]
    fn every_way_to_write_a_value_is_read() {
        for (line, value) in [
            ("A=b", "b"),
            ("A =  b c ", "b c"),
            ("export A=b", "b"),
            ("A=", ""),
            ("A=b=c", "b=c"),
            ("A=b # comment", "b"),
            ("A=b#c", "b#c"),
            ("A=# comment", ""),
            ("A='b # \"c\" \\n'", "b # \"c\" \\n"),
            (r#"A="b\n\"\\\$" # comment"#, "b\n\"\\\\$"),
            ("A=${B}", "${B}"),
        ] {
            assert_eq!(read(line), Ok(vec![("A".to_owned(), value.to_owned())]), "{line}");
        }
    }

    #[test]
    fn comments_and_blank_lines_are_skipped_and_the_last_line_counts() {
        let text = "\u{feff}# a comment\r\n\r\nA=1\r\n  B=2\n\tA=3\n";
        assert_eq!(read(text), Ok(vec![("A".to_owned(), "3".to_owned()), ("B".to_owned(), "2".to_owned())]));
    }

    #[test]
    fn a_broken_line_is_named_and_not_quoted() {
        for line in ["s3cret", "1A=s3cret", "=s3cret", "A='s3cret", "A=\"s3cret\\", "A='s3' cret"] {
            let error = read(&format!("B=1\n{line}")).unwrap_err();
            assert!(error.starts_with(".env:2: ") && !error.contains("s3"), "{error}");
        }
    }
}
