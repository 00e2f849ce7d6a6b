//! The words of MCP are written once, in `mcp-protocol`; everyone else uses its constants.

use super::Finding;
use crate::source::{Kind, Source, pieces};

const OWNER: &str = "crates/mcp-protocol/";
const METHODS: &str = "crates/mcp-protocol/src/method.rs";
const HEADERS: &str = "crates/mcp-protocol/src/header.rs";
/// The first digits of every error code that JSON-RPC and MCP reserve, as one writes them in Rust and in JSON.
const CODE_STARTS: [&str; 2] = ["-32", "-32_"];

/// Files that speak as a peer would, so that they show what is on the wire: why each may.
const EXEMPT: [(&str, &str); 1] =
    [("bins/mcp-stdio/src/demo", "the small server that ships along is a peer of the proxy")];

/// The method and header names that `mcp-protocol` defines.
pub(crate) struct Words {
    methods: Vec<String>,
    headers: Vec<String>,
}

impl Words {
    /// Takes the words from the constants of `mcp-protocol`, so that a new one is looked for from its first day.
    pub(crate) fn read(sources: &[Source]) -> Self {
        let constants = |path: &str| -> Vec<String> {
            let text = sources.iter().find(|source| source.path == path).map_or("", Source::without_tests);
            text.lines().filter_map(constant).map(str::to_owned).collect()
        };
        Self {
            methods: constants(METHODS),
            headers: constants(HEADERS).into_iter().filter(|name| name.contains('-')).collect(),
        }
    }

    pub(crate) fn check(&self, source: &Source) -> Vec<Finding> {
        let exempt = EXEMPT.iter().any(|(path, _)| source.path.starts_with(path));
        if exempt || source.is_test() || source.path.starts_with(OWNER) {
            return Vec::new();
        }
        let mut findings = Vec::new();
        for piece in pieces(source.without_tests()) {
            let word = match piece.kind {
                Kind::Str => self.word_in(piece.text),
                Kind::Code => code_in(piece.text),
                Kind::Comment => None,
            };
            findings.extend(word.map(|(word, at)| {
                let line = piece.line + piece.text[..at].matches('\n').count();
                format!("{}:{line}: `{word}` is a literal; use the constant of mcp-protocol", source.path)
            }));
        }
        findings
    }

    /// A name in a string, and where. One that is also an English word counts only if it is the whole string.
    fn word_in<'a>(&'a self, text: &'a str) -> Option<(&'a str, usize)> {
        let lower = text.to_ascii_lowercase();
        let header = self.headers.iter().find_map(|name| lower.find(name.as_str()).map(|at| (name.as_str(), at)));
        let method = || {
            self.methods.iter().find_map(|name| {
                let at = if name.contains('/') { whole(text, name) } else { (text == name).then_some(0) };
                at.map(|at| (name.as_str(), at))
            })
        };
        header.or_else(method).or_else(|| code_in(text))
    }
}

/// The value of a line `pub const NAME: &str = "value";`.
fn constant(line: &str) -> Option<&str> {
    let (_, value) = line.strip_prefix("pub const ")?.split_once(": &str = \"")?;
    value.strip_suffix("\";")
}

/// Where `name` stands in `text` and is not part of a longer name or path.
fn whole(text: &str, name: &str) -> Option<usize> {
    let joins = |c: char| c.is_alphanumeric() || matches!(c, '_' | '/' | '-' | '.');
    text.match_indices(name).map(|(at, _)| at).find(|&at| {
        let before = text[..at].chars().next_back();
        let after = text[at + name.len()..].chars().next();
        !before.is_some_and(joins) && !after.is_some_and(joins)
    })
}

/// An error code, `-32` and three more digits.
fn code_in(text: &str) -> Option<(&str, usize)> {
    CODE_STARTS.iter().find_map(|start| {
        text.match_indices(start).find_map(|(at, _)| {
            let digits = &text[at + start.len()..];
            let count = digits.chars().take_while(char::is_ascii_digit).count();
            (count == 3).then(|| (&text[at..at + start.len() + count], at))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words() -> Words {
        let source = |path: &str, text: &str| Source { path: path.to_owned(), text: text.to_owned() };
        Words::read(&[
            source(
                METHODS,
                "/// Calls.\npub const TOOLS_CALL: &str = \"tools/call\";\npub const PING: &str = \"ping\";\n",
            ),
            source(
                HEADERS,
                "pub const SESSION_ID: &str = \"mcp-session-id\";\npub const NO_BUFFERING: &str = \"no\";\n",
            ),
        ])
    }

    #[track_caller]
    fn check(path: &str, text: &str, found: &[&str]) {
        let findings = words().check(&Source { path: path.to_owned(), text: text.to_owned() });
        let expected: Vec<_> = found
            .iter()
            .map(|word| format!("{path}:1: `{word}` is a literal; use the constant of mcp-protocol"))
            .collect();
        assert_eq!(findings, expected, "{text}");
    }

    #[test]
    fn methods_headers_and_codes_are_found_in_strings() {
        let path = "crates/mcp-session/src/a.rs";
        check(path, r#"call("tools/call")"#, &["tools/call"]);
        check(path, r##"f(r#"{"method":"tools/call"}"#)"##, &["tools/call"]);
        check(path, r#"f("Mcp-Session-Id")"#, &["mcp-session-id"]);
        check(path, r#"f("{\"code\":-32601}")"#, &["-32601"]);
        check(path, r#"f("ping")"#, &["ping"]);
    }

    #[test]
    fn codes_are_found_in_code() {
        check("crates/mcp-session/src/a.rs", "const CODE: i64 = -32601;", &["-32601"]);
        check("crates/mcp-session/src/a.rs", "const CODE: i64 = -32_601;", &["-32_601"]);
    }

    #[test]
    fn other_words_pass() {
        let path = "crates/mcp-session/src/a.rs";
        for text in [
            r#"f("no")"#,
            r#"f("a ping a minute")"#,
            r#"f("my-tools/call")"#,
            "x - 3260",
            "let a = x -32;",
            "// tools/call",
        ] {
            check(path, text, &[]);
        }
    }

    #[test]
    fn tests_and_the_owner_may_write_them_out() {
        let text = r#"f("tools/call")"#;
        for path in
            ["crates/mcp-protocol/src/a.rs", "tests/it/a.rs", "crates/a/src/tests.rs", "bins/mcp-stdio/src/demo.rs"]
        {
            check(path, text, &[]);
        }
        check("crates/a/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{text}\n}}\n"), &[]);
    }
}
