//! Just enough of Rust's grammar to tell code from strings and comments.

use std::ops::Range;

/// What a stretch of source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Code,
    /// Between the quotes, escapes as written.
    Str,
    /// With its slashes.
    Comment,
}

/// A stretch of source and the line (from 1) on which it begins.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Piece<'a> {
    pub(crate) kind: Kind,
    pub(crate) text: &'a str,
    pub(crate) line: usize,
}

/// A comment or a string at the start of a text: where its own text is, and how long it is with its quotes.
struct Token {
    kind: Kind,
    text: Range<usize>,
    len: usize,
}

/// Cuts a file into its pieces, in order and without gaps but for quotes.
pub(crate) fn pieces(text: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let (mut at, mut code, mut line) = (0, 0, 1);
    while at < text.len() {
        let rest = &text[at..];
        let Some(token) = token(rest, text[..at].chars().next_back()) else {
            at += skip(rest);
            continue;
        };
        push(&mut pieces, Kind::Code, &text[code..at], &mut line);
        push(&mut pieces, token.kind, &rest[token.text], &mut line);
        at += token.len;
        code = at;
    }
    push(&mut pieces, Kind::Code, &text[code..], &mut line);
    pieces
}

fn push<'a>(pieces: &mut Vec<Piece<'a>>, kind: Kind, text: &'a str, line: &mut usize) {
    if !text.is_empty() {
        pieces.push(Piece { kind, text, line: *line });
        *line += text.matches('\n').count();
    }
}

fn token(rest: &str, before: Option<char>) -> Option<Token> {
    let comment = |len| Some(Token { kind: Kind::Comment, text: 0..len, len });
    if rest.starts_with("//") {
        return comment(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return comment(block_end(rest));
    }
    // r"…", br#"…"#, b"…", c"…", but not the tail of a name such as `bar`.
    let inside_a_name = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    let prefix = if inside_a_name { 0 } else { quote_prefix(rest) };
    let raw = rest[..prefix].contains('r');
    let marks = &rest[prefix..];
    let hashes = if raw { marks.len() - marks.trim_start_matches('#').len() } else { 0 };
    if !marks[hashes..].starts_with('"') {
        return None;
    }
    let open = prefix + hashes + 1;
    let end =
        if raw { rest[open..].find(&format!("\"{}", "#".repeat(hashes))) } else { unescaped_quote(&rest[open..]) };
    let close = end.map_or(rest.len(), |at| open + at);
    Some(Token { kind: Kind::Str, text: open..close, len: rest.len().min(close + 1 + hashes) })
}

/// The length of a string prefix: `r`, `b`, `c`, `br`, `cr`, or nothing.
fn quote_prefix(rest: &str) -> usize {
    ["br", "cr", "r", "b", "c"].iter().find(|prefix| rest.starts_with(**prefix)).map_or(0, |prefix| prefix.len())
}

/// Where the first quote without a backslash before it is.
fn unescaped_quote(rest: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, c) in rest.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return Some(at),
            _ => {}
        }
    }
    None
}

/// Where the block comment that begins `rest` ends; they nest.
fn block_end(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
    }
    rest.len()
}

/// How far to go on in code: past a character literal such as `'"'`, else one character.
fn skip(rest: &str) -> usize {
    let mut chars = rest.chars();
    let first = chars.next().map_or(1, char::len_utf8);
    if !rest.starts_with('\'') {
        return first;
    }
    match chars.next() {
        Some('\\') => rest[3..].find('\'').map_or(first, |at| at + 4),
        Some(c) if chars.next() == Some('\'') => first + c.len_utf8() + 1,
        _ => first, // a lifetime
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &[(Kind, &str)]) {
        let found: Vec<_> = pieces(text).iter().map(|piece| (piece.kind, piece.text)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn strings_of_every_form_are_told_from_code() {
        use Kind::{Code, Str};
        check(r#"f("a\"b");"#, &[(Code, "f("), (Str, r#"a\"b"#), (Code, ");")]);
        check("f(r#\"a\"b\"#)", &[(Code, "f("), (Str, "a\"b"), (Code, ")")]);
        check(r#"f(br"a\", b"c")"#, &[(Code, "f("), (Str, r"a\"), (Code, ", "), (Str, "c"), (Code, ")")]);
        check(r#"bar"x""#, &[(Code, "bar"), (Str, "x")]);
    }

    #[test]
    fn a_quote_as_a_character_opens_no_string() {
        use Kind::{Code, Comment};
        check(r#"'"' // "x"#, &[(Code, r#"'"' "#), (Comment, r#"// "x"#)]);
        check(r"'\'' + '\\' /*a/*b*/c*/ 'a", &[(Code, r"'\'' + '\\' "), (Comment, "/*a/*b*/c*/"), (Code, " 'a")]);
    }

    #[test]
    fn pieces_know_their_line() {
        let found: Vec<_> = pieces("a\n\"b\nc\"\n// d\ne").iter().map(|piece| piece.line).collect();
        assert_eq!(found, [1, 2, 3, 4, 4]);
    }

    #[test]
    fn what_never_ends_ends_with_the_file() {
        use Kind::{Code, Comment, Str};
        check("f(\"a", &[(Code, "f("), (Str, "a")]);
        check("r#\"a", &[(Str, "a")]);
        check("x /* y", &[(Code, "x "), (Comment, "/* y")]);
    }
}
