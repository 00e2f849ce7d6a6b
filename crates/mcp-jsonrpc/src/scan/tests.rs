use super::*;

#[track_caller]
fn check(text: &str, expect: Result<usize, Reason>) {
    let mut scanner = Scanner::new(text.as_bytes());
    assert_eq!(scanner.value(0).map(|()| scanner.at), expect, "{text}");
}

#[test]
fn a_value_ends_where_its_grammar_ends() {
    for (text, length) in [("1 ", 1), ("-0.5e+7,", 7), ("\"a\\\"\"x", 5), ("{}}", 2), ("[[],{}]]", 7), ("truex", 4)] {
        check(text, Ok(length));
    }
}

#[test]
fn broken_values_are_refused() {
    for text in [
        "",
        "-",
        "01",
        "1.",
        "1e",
        "+1",
        ".5",
        "tru",
        "nul",
        "[1",
        "[1 2]",
        "[,]",
        "{\"a\" 1}",
        "{a:1}",
        "{1:1}",
        "[}",
        "{]",
        "\"",
        "\"\\u12x4\"",
        "\"\t\"",
    ] {
        check(text, Err(Reason::Syntax));
    }
}

#[test]
fn newlines_count_only_between_tokens() {
    let multiline = |text: &str| {
        let mut scanner = Scanner::new(text.as_bytes());
        scanner.value(0).unwrap();
        scanner.multiline
    };
    assert!(multiline("[1,\n2]"));
    assert!(multiline("{\r\"a\":1}"));
    assert!(!multiline("[\"\\n\", \"\\r\"]"));
}

#[test]
fn long_strings_cross_chunk_borders() {
    for length in 0..100 {
        let body = "é".repeat(length % 7) + &"a".repeat(length);
        for tail in ["", "\\\"", "\\u0041"] {
            let text = format!("\"{body}{tail}\"");
            check(&text, Ok(text.len()));
        }
        check(&format!("\"{body}\u{1}\""), Err(Reason::Syntax));
    }
}
