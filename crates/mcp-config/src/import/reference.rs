//! The `${…}` of clients, written as ours.

use crate::expand::is_variable;

/// Variables of editors: they stand for something that only the editor has.
const OF_THE_EDITOR: [&str; 4] = ["workspaceFolder", "workspaceFolderBasename", "workspaceRoot", "cwd"];

/// A reference that is not simply another way to write one of ours.
pub(super) enum Found<'a> {
    /// An answer of the user, by the id of the question.
    Input(&'a str),
    /// Something that nothing here corresponds to.
    Unknown,
}

/// Writes the references in `text` as ours. `found` says what to write for those that need more; without, they stay.
pub(super) fn replace(text: &str, mut found: impl FnMut(Found<'_>) -> Option<String>) -> String {
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        replaced.push_str(before);
        let Some((reference, after)) = after.split_once('}') else {
            found(Found::Unknown);
            return replaced + &rest[before.len()..];
        };
        match ours(reference, &mut found) {
            Some(ours) => replaced.push_str(&ours),
            None => replaced.extend(["${", reference, "}"]),
        }
        rest = after;
    }
    replaced + rest
}

fn ours(reference: &str, found: &mut impl FnMut(Found<'_>) -> Option<String>) -> Option<String> {
    if let Some(id) = reference.strip_prefix("input:") {
        return found(Found::Input(id));
    }
    let name = reference.strip_prefix("env:").unwrap_or(reference);
    let name = name.split_once(":-").map_or(name, |(name, _default)| name);
    match reference {
        "userHome" => Some("${HOME}".to_owned()),
        "pathSeparator" | "/" => Some("/".to_owned()),
        _ if is_variable(name) && !OF_THE_EDITOR.contains(&reference) => None,
        _ => found(Found::Unknown),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_are_written_as_ours() {
        #[track_caller]
        fn check(text: &str, expected: &str, unknown: usize) {
            let mut seen = 0;
            let replaced = replace(text, |found| match found {
                Found::Input(id) => Some(format!("<{id}>")),
                Found::Unknown => {
                    seen += 1;
                    None
                }
            });
            assert_eq!((replaced.as_str(), seen), (expected, unknown));
        }
        check("plain $ {}", "plain $ {}", 0);
        check("${A} ${env:B} ${C:-d} ${env:D:-}", "${A} ${env:B} ${C:-d} ${env:D:-}", 0);
        check("Bearer ${input:a-b}!", "Bearer <a-b>!", 0);
        check("${userHome}${/}x${pathSeparator}y", "${HOME}/x/y", 0);
        check("${workspaceFolder}/${config:x} ${", "${workspaceFolder}/${config:x} ${", 3);
    }
}
