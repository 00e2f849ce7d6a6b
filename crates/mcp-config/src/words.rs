//! A command line in one text.

/// A text that is no command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be a command line, and has a quote that is not closed or a `\\` at its end")]
pub struct Unbalanced;

/// Splits a command line into its words as a POSIX shell does, and expands nothing: single quotes take everything as it is,
/// in double quotes `\` stands before `"`, `\`, `$` and a backquote, elsewhere before anything.
///
/// # Errors
///
/// Fails if a quote is not closed or nothing follows a `\`.
pub fn split_words(text: &str) -> Result<Vec<String>, Unbalanced> {
    let mut words = Vec::new();
    let mut word: Option<String> = None; // an empty word is one too, if it stands in quotes
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            c if c.is_ascii_whitespace() => words.extend(word.take()),
            '\'' => {
                let (quoted, rest) = chars.as_str().split_once('\'').ok_or(Unbalanced)?;
                word.get_or_insert_default().push_str(quoted);
                chars = rest.chars();
            }
            '"' => double_quoted(&mut chars, word.get_or_insert_default())?,
            '\\' => word.get_or_insert_default().push(chars.next().ok_or(Unbalanced)?),
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

fn double_quoted(chars: &mut std::str::Chars<'_>, word: &mut String) -> Result<(), Unbalanced> {
    loop {
        match chars.next().ok_or(Unbalanced)? {
            '"' => return Ok(()),
            '\\' => match chars.next().ok_or(Unbalanced)? {
                escaped @ ('"' | '\\' | '$' | '`') => word.push(escaped),
                other => word.extend(['\\', other]),
            },
            c => word.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_split_as_a_shell_does() {
        for (text, words) in [
            ("", &[] as &[&str]),
            (" \t\n", &[]),
            (
                "npx -y  @modelcontextprotocol/server-filesystem .",
                &["npx", "-y", "@modelcontextprotocol/server-filesystem", "."],
            ),
            ("a 'b c' \"d e\"", &["a", "b c", "d e"]),
            ("a'b'\"c\"d", &["abcd"]),
            ("'' \"\"", &["", ""]),
            (r#"a\ b "\"\\\n\$" '\'"#, &["a b", r#""\\n$"#, "\\"]),
            ("$A ~ * # `x`", &["$A", "~", "*", "#", "`x`"]),
        ] {
            assert_eq!(
                split_words(text).as_deref(),
                Ok(words.iter().map(|&word| word.to_owned()).collect::<Vec<_>>().as_slice()),
                "{text}"
            );
        }
    }

    #[test]
    fn an_open_quote_is_an_error() {
        for text in ["'a", "\"a", "a\\", "\"a\\\""] {
            assert_eq!(split_words(text), Err(Unbalanced), "{text}");
        }
    }
}
