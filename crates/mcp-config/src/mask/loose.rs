//! Strings of a text that is no JSON (yet), and of comments: what could be a secret is taken for one.

use std::ops::Range;

use super::{
    MASK, SECRET, is_reference, mask_argument, tells,
    text::{COMMENT, Literal},
};
use crate::{
    json::{self, Comments, Json},
    key::{GROUP, PROXY, SERVER, TOOL},
};

/// What a text is made of; anything between is white space.
enum Token<'a> {
    Open(bool),
    Close,
    Comma,
    /// What stands in quotes, and whether it has both and is a string.
    Text(String, bool),
    Word(&'a str),
    Comment,
}

/// The strings, words and comments of a text that cannot be read.
pub(super) fn literals(text: &str) -> Vec<Literal> {
    found(text, false)
}

/// The comments of a text.
pub(super) fn comments(text: &str) -> Vec<Literal> {
    let comments = tokens(text).into_iter().filter(|(token, _)| matches!(token, Token::Comment));
    comments.map(|(_, range)| comment(text, range)).collect()
}

/// A comment, in which there may be a part of a file.
fn comment(text: &str, range: Range<usize>) -> Literal {
    let inside = text[range.clone()].trim_start_matches('/');
    let skipped = range.len() - inside.len();
    let mut shown = text[range.clone()].to_owned();
    for literal in found(inside, true).into_iter().rev() {
        if let Some(new) = literal.shown {
            shown.replace_range(literal.range.start + skipped..literal.range.end + skipped, &new);
        }
    }
    let shown = (shown != text[range.clone()]).then_some(shown);
    Literal { path: vec![COMMENT.to_owned()], range, shown, whole: true }
}

/// An object or a list that has begun: the name or the number of what is next in it.
struct Level {
    is_list: bool,
    at: String,
    count: usize,
}

fn found(text: &str, is_comment: bool) -> Vec<Literal> {
    let mut levels = vec![Level { is_list: false, at: String::new(), count: 0 }];
    let mut literals = Vec::new();
    let mut before = String::new();
    for (token, range) in tokens(text) {
        let path = || levels.iter().map(|level| level.at.clone()).filter(|at| !at.is_empty()).collect::<Vec<_>>();
        match token {
            Token::Open(is_list) => {
                let at = if is_list { "0".to_owned() } else { String::new() };
                levels.push(Level { is_list, at, count: 0 });
            }
            Token::Close if levels.len() > 1 => drop(levels.pop()),
            Token::Comma => {
                if let Some(level) = levels.last_mut() {
                    level.count += 1;
                    level.at = if level.is_list { level.count.to_string() } else { String::new() };
                }
            }
            Token::Text(name, _) if text[range.end..].trim_start().starts_with(':') => {
                if let Some(level) = levels.last_mut() {
                    level.at = name;
                }
            }
            Token::Text(value, whole) => {
                let path = path();
                let shown = shown(&path, &value, &before, is_comment);
                let shown = shown.map(|shown| json::pretty(Json::String(shown)));
                literals.push(Literal { path, range, shown, whole });
                before = value;
            }
            Token::Word(word) => {
                let is_plain = matches!(word, "true" | "false" | "null") || word.parse::<f64>().is_ok();
                if !is_plain && !is_comment {
                    literals.push(Literal { path: path(), range, shown: Some(MASK.to_owned()), whole: false });
                }
            }
            Token::Comment if !is_comment => literals.push(comment(text, range)),
            Token::Close | Token::Comment => {}
        }
    }
    literals
}

/// What is shown of a value, if it may be a secret.
fn shown(path: &[String], value: &str, before: &str, is_comment: bool) -> Option<String> {
    let is_number = |name: &&String| name.bytes().all(|byte| byte.is_ascii_digit());
    let name = path.iter().rev().find(|name| !is_number(name)).map_or("", String::as_str);
    let is_below = path.iter().any(|name| SECRET.contains(&name.as_str()) || name == "keys");
    if value.is_empty() || is_reference(value) {
        return None;
    }
    let is_prose = is_comment && name.is_empty() && !is_below;
    if !is_prose && (is_below || tells(name) || !is_harmless(name)) {
        return Some(MASK.to_owned());
    }
    let mut shown = value.to_owned();
    let mut is_told = before.starts_with('-') && !before.contains(['=', ':']) && tells(before);
    mask_argument(&mut shown, &mut is_told);
    (shown != value).then_some(shown)
}

/// Whether it is the name of something that is no secret.
fn is_harmless(name: &str) -> bool {
    let mut known = PROXY.names().chain(SERVER.names()).chain(GROUP.names()).chain(TOOL.names());
    known.any(|known| known == name)
}

fn tokens(text: &str) -> Vec<(Token<'_>, Range<usize>)> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let rest = &text[at..];
        let (token, length) = match byte {
            b' ' | b'\t' | b'\r' | b'\n' | b':' => (None, 1),
            b'{' | b'[' => (Some(Token::Open(*byte == b'[')), 1),
            b'}' | b']' => (Some(Token::Close), 1),
            b',' => (Some(Token::Comma), 1),
            b'"' => quoted(rest),
            b'/' if rest.starts_with("//") => (Some(Token::Comment), rest.find('\n').unwrap_or(rest.len())),
            b'/' if rest.starts_with("/*") => {
                (Some(Token::Comment), rest[2..].find("*/").map_or(rest.len(), |end| end + 4))
            }
            _ => {
                let ends = |c: char| c.is_ascii_whitespace() || matches!(c, '{' | '}' | '[' | ']' | ',' | ':' | '"');
                let length = rest.find(ends).unwrap_or(rest.len());
                (Some(Token::Word(&rest[..length])), length)
            }
        };
        tokens.extend(token.map(|token| (token, at..at + length)));
        at += length;
    }
    tokens
}

/// A string, which ends with its line if nothing else ends it.
fn quoted(rest: &str) -> (Option<Token<'_>>, usize) {
    let mut escaped = false;
    let end = rest.bytes().enumerate().skip(1).find(|(_, byte)| {
        let ends = !escaped && *byte == b'"' || matches!(byte, b'\n' | b'\r');
        escaped = !escaped && *byte == b'\\';
        ends
    });
    let length = match end {
        Some((at, b'"')) => at + 1,
        Some((at, _)) => at,
        None => rest.len(),
    };
    let token = match json::read(&rest[..length], Comments::Refused) {
        Ok(Json::String(value)) => Token::Text(value, true),
        _ => Token::Text(rest[1..length].to_owned(), false),
    };
    (Some(token), length)
}
