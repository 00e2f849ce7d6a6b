//! `${NAME}` in values.

/// Looks a variable up; `None` if it is not set.
pub(crate) type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Why a value cannot be expanded. It quotes names of variables and nothing else.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ExpandError {
    /// The variable of that name is not set, and there is no default.
    #[error("the variable `{0}` is not set; set it, or write `${{{0}:-default}}`")]
    Unset(String),
    /// It is not clear which variable is meant.
    #[error("has a `${{` that no variable follows; write `${{NAME}}` or `${{NAME:-default}}`")]
    Malformed,
}

/// Replaces `${NAME}`, `${NAME:-default}` and the same with `env:` before the name. As in a shell, the default also stands
/// in for an empty value; unlike there, nothing is expanded twice. Any other `$` stays as it is.
pub(crate) fn expand(text: &str, lookup: Lookup<'_>) -> Result<String, ExpandError> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (reference, after) = after.split_once('}').ok_or(ExpandError::Malformed)?;
        let reference = reference.strip_prefix("env:").unwrap_or(reference);
        let (name, default) = match reference.split_once(":-") {
            Some((name, default)) => (name, Some(default)),
            None => (reference, None),
        };
        if !is_variable(name) {
            return Err(ExpandError::Malformed);
        }
        expanded.push_str(before);
        match (lookup(name), default) {
            (Some(value), None) => expanded.push_str(&value),
            (Some(value), Some(_)) if !value.is_empty() => expanded.push_str(&value),
            (_, Some(default)) => expanded.push_str(default),
            (None, None) => return Err(ExpandError::Unset(name.to_owned())),
        }
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

/// Whether this can be the name of a variable: letters, digits and `_`, not beginning with a digit.
pub(crate) fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(name: &str) -> Option<String> {
        match name {
            "A" => Some("one".to_owned()),
            "NESTED" => Some("${A}".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        }
    }

    #[test]
    fn variables_are_replaced_once_and_other_dollars_stay() {
        for (text, expanded) in [
            ("", ""),
            ("plain", "plain"),
            ("${A}", "one"),
            ("<${A}${A}>", "<oneone>"),
            ("${env:A}", "one"),
            ("${NESTED}", "${A}"),
            ("${EMPTY}", ""),
            ("${EMPTY:-d}", "d"),
            ("${A:-d}", "one"),
            ("${B:-}", ""),
            ("${env:B:-https://x/?a=b:-c}", "https://x/?a=b:-c"),
            ("$A $$ $ {A} $", "$A $$ $ {A} $"),
            ("$${A}", "$one"),
        ] {
            assert_eq!(expand(text, &set).as_deref(), Ok(expanded), "{text}");
        }
    }

    #[test]
    fn an_unset_variable_is_named_and_a_value_is_not_quoted() {
        assert_eq!(expand("s3cret ${B}", &set), Err(ExpandError::Unset("B".to_owned())));
        let unset = ExpandError::Unset("B".to_owned()).to_string();
        assert_eq!(unset, "the variable `B` is not set; set it, or write `${B:-default}`");
        for text in ["${", "${}", "${input:token}", "${A", "${1}", "${a b}", "${:-x}"] {
            assert_eq!(expand(text, &set), Err(ExpandError::Malformed), "{text}");
        }
    }
}
