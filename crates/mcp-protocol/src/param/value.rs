//! An argument as a header says it.

use std::borrow::Cow;

use mcp_jsonrpc::field;

/// The greatest magnitude that every JSON reader keeps exactly; integers beyond it are not for headers.
const SAFE: i64 = (1 << 53) - 1;

/// An argument, seen as something a header may carry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Instance<'a> {
    /// Not there, or `null`: no header either.
    Absent,
    /// There, but of a kind that no header carries; the server will refuse the arguments.
    Unfit,
    /// A string or a boolean.
    Text(Cow<'a, str>),
    /// A number, in plain decimal where it has one.
    Number(Cow<'a, str>),
}

impl<'a> Instance<'a> {
    /// Reads the JSON text of a value.
    pub(super) fn read(raw: &'a str) -> Self {
        match raw.as_bytes().first() {
            Some(b'n') | None => Self::Absent,
            Some(b't' | b'f') => Self::Text(Cow::Borrowed(raw)),
            Some(b'"') => field::unescape(raw).map_or(Self::Unfit, Self::Text),
            Some(b'-' | b'0'..=b'9') => number(raw).map_or(Self::Unfit, Self::Number),
            Some(_) => Self::Unfit,
        }
    }

    /// What the header says, if there is to be one.
    pub(super) fn into_text(self) -> Option<Cow<'a, str>> {
        match self {
            Self::Absent | Self::Unfit => None,
            Self::Text(text) | Self::Number(text) => Some(text),
        }
    }

    /// Whether a decoded header says this. Numbers are compared as such: `42.0` is `42`.
    pub(super) fn equals(&self, stated: &str) -> bool {
        match self {
            Self::Absent | Self::Unfit => false,
            Self::Text(text) => text == stated,
            Self::Number(number) => {
                number == stated || decimal(stated).is_some_and(|stated| decimal(number) == Some(stated))
            }
        }
    }
}

/// A JSON number in decimal; `None` for an integer that is not safe.
fn number(raw: &str) -> Option<Cow<'_, str>> {
    if let Some(plain) = decimal(raw) {
        if plain.contains('.') {
            return Some(Cow::Borrowed(raw));
        }
        let safe = plain.parse::<i64>().is_ok_and(|integer| (-SAFE..=SAFE).contains(&integer));
        return safe.then_some(Cow::Owned(plain));
    }
    // With an exponent. What is no safe integer stays as it is written: the server will not take it for one either.
    let value: f64 = raw.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "below 2^53 nothing is lost")]
    let safe = value.fract() == 0.0 && value.abs() <= SAFE as f64;
    Some(if safe { Cow::Owned(format!("{value:.0}")) } else { Cow::Borrowed(raw) })
}

/// A plain decimal in its shortest form (`-007.50` is `-7.5`, `-0.0` is `0`); `None` for anything else.
fn decimal(text: &str) -> Option<String> {
    let (sign, digits) = text.strip_prefix('-').map_or(("", text), |digits| ("-", digits));
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return None,
        Some(parts) => parts,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return None;
    }
    let whole = match whole.trim_start_matches('0') {
        "" => "0",
        whole => whole,
    };
    let fraction = fraction.trim_end_matches('0');
    Some(match (sign, whole, fraction) {
        (_, "0", "") => "0".to_owned(),
        (sign, whole, "") => format!("{sign}{whole}"),
        (sign, whole, fraction) => format!("{sign}{whole}.{fraction}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(raw: &str, header: Option<&str>) {
        assert_eq!(Instance::read(raw).into_text().as_deref(), header, "{raw}");
    }

    #[test]
    fn arguments_become_text() {
        check(r#""a\nb""#, Some("a\nb"));
        check("true", Some("true"));
        check("42", Some("42"));
        check("-7", Some("-7"));
        check("-0", Some("0"));
        check("42.0", Some("42"));
        check("4.2e1", Some("42"));
        check("-1E3", Some("-1000"));
        check("1.5", Some("1.5"));
        check("9007199254740991", Some("9007199254740991"));
        for nothing in ["null", "{}", "[1]", r#""\ud800""#, "9007199254740992", "-18446744073709551616"] {
            check(nothing, None);
        }
    }

    #[track_caller]
    fn equal(raw: &str, stated: &str, expect: bool) {
        assert_eq!(Instance::read(raw).equals(stated), expect, "{raw} {stated}");
    }

    #[test]
    fn numbers_are_equal_as_numbers_and_text_as_text() {
        equal("42", "42.0", true);
        equal("42.0", "42", true);
        equal("42", "042", true);
        equal("4.2e1", "42", true);
        equal("-0", "0", true);
        equal("42", "42.5", false);
        equal("9007199254740991", "9007199254740990", false);
        for loose in ["0x2a", " 42", "4.2e1", "42.", "+42", "", ".5", "-"] {
            equal("42", loose, false);
        }
        equal(r#""42""#, "42", true);
        equal(r#""42""#, "42.0", false);
        equal("true", "TRUE", false);
        equal("null", "null", false);
    }
}
