//! An object without some of its members, all else as it was.

use std::ops::Range;

use crate::{FieldError, field};

/// What to take out of the object `json` so that the members that `is_unwanted` names are gone, each with its comma: parts
/// of the text, in order and apart. Nothing if it is no object.
///
/// # Errors
///
/// [`FieldError::Malformed`] if the text is not JSON.
pub fn cuts(json: &str, is_unwanted: impl Fn(&str) -> bool) -> Result<Vec<Range<usize>>, FieldError> {
    let members = field::members(json)?;
    let unwanted = |key: &Range<usize>| field::unescape(&json[key.clone()]).is_some_and(|name| is_unwanted(&name));
    let mut cuts = Vec::new();
    let mut kept = false;
    for (n, member) in members.iter().enumerate() {
        if !unwanted(&member.key) {
            kept = true;
            continue;
        }
        // The comma before it goes along, or the one behind it while nothing stands before it.
        cuts.push(match (kept, members.get(n + 1)) {
            (true, _) => members[n - 1].value.end..member.value.end,
            (false, Some(next)) => member.key.start..next.key.start,
            (false, None) => member.key.start..member.value.end,
        });
    }
    Ok(cuts)
}

/// The object `json` without the members that `is_unwanted` names.
///
/// # Errors
///
/// As for [`cuts`].
pub fn without(json: &str, is_unwanted: impl Fn(&str) -> bool) -> Result<String, FieldError> {
    let mut left = String::with_capacity(json.len());
    let mut from = 0;
    for cut in cuts(json, is_unwanted)? {
        left.push_str(&json[from..cut.start]);
        from = cut.end;
    }
    left.push_str(&json[from..]);
    Ok(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(json: &str, expect: &str) {
        assert_eq!(without(json, |name| name.starts_with('x')).as_deref(), Ok(expect), "{json}");
    }

    #[test]
    fn members_go_with_their_commas_wherever_they_stand() {
        check(r#"{"x":1}"#, "{}");
        check(r#"{"x":1,"xx":[2]}"#, "{}");
        check(r#"{ "x":1 , "a" : 2 }"#, r#"{ "a" : 2 }"#);
        check(r#"{"a":2,"x":1}"#, r#"{"a":2}"#);
        check(r#"{"a":2,"x":1,"b":3}"#, r#"{"a":2,"b":3}"#);
        check(r#"{"x":0,"xx":1,"a":2,"x1":1 , "x2":1, "b":3, "x3":{}}"#, r#"{"a":2, "b":3}"#);
        check(r#"{"\u0078y":0,"a":{"x":1}}"#, r#"{"a":{"x":1}}"#);
    }

    #[test]
    fn what_is_no_such_object_stays() {
        for json in ["{}", r#"{"a":1}"#, "[]", "7", ""] {
            check(json, json);
        }
        assert_eq!(without(r#"{"x":1"#, |_| true), Err(FieldError::Malformed));
    }
}
