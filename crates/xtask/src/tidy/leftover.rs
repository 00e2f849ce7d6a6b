//! Nothing is left for later: what is missing is an issue, not a mark in the source.

use super::Finding;
use crate::source::{Kind, Source, pieces};

const IN_CODE: [&str; 3] = ["todo!", "unimplemented!", "#[ignore"];
const IN_COMMENTS: [&str; 3] = ["TODO", "FIXME", "XXX"];

pub(crate) fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for piece in pieces(&source.text) {
        let words: &[&str] = match piece.kind {
            Kind::Code => &IN_CODE,
            Kind::Comment => &IN_COMMENTS,
            Kind::Str => continue,
        };
        for (offset, line) in piece.text.lines().enumerate() {
            let found = words.iter().filter(|word| line.contains(**word));
            findings
                .extend(found.map(|word| format!("{}:{}: `{word}` is left over", source.path, piece.line + offset)));
        }
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_count_where_they_mean_something() {
        let text = "// TODO later\nfn a() { todo!() }\n#[ignore]\nlet words = \"todo! FIXME\"; // a todo list\n";
        let source = Source { path: "a.rs".to_owned(), text: text.to_owned() };
        let expected =
            ["a.rs:1: `TODO` is left over", "a.rs:2: `todo!` is left over", "a.rs:3: `#[ignore` is left over"];
        assert_eq!(check(&source), expected);
    }
}
