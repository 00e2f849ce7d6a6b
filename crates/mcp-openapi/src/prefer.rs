//! What a client would like best: the header `Prefer` (RFC 7240).

use std::time::Duration;

use http::HeaderMap;

/// The preferences that mean something here; all others are passed over, as the RFC wants it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prefer {
    /// `respond-async`: the client would rather have a place to ask at than wait.
    pub respond_async: bool,
    /// `wait=N`: how long the client is ready to wait, in whole seconds.
    pub wait: Option<Duration>,
}

impl Prefer {
    /// Reads all headers `Prefer`. Of a preference that stands there twice the first one counts.
    #[must_use]
    pub fn read(headers: &HeaderMap) -> Self {
        let mut prefer = Self::default();
        let values = headers.get_all("prefer").into_iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(preferences) {
            // What stands behind a semicolon are parameters of the preference, of which ours have none.
            let word = preference.split(';').next().unwrap_or_default();
            let (name, value) = word.split_once('=').unwrap_or((word, ""));
            let (name, value) = (name.trim(), value.trim().trim_matches('"'));
            if name.eq_ignore_ascii_case("respond-async") {
                prefer.respond_async = true;
            } else if name.eq_ignore_ascii_case("wait") && prefer.wait.is_none() {
                prefer.wait = value.parse().ok().map(|seconds: u32| Duration::from_secs(seconds.into()));
            }
        }
        prefer
    }
}

/// Cuts a value at its commas, but not inside of quotes.
fn preferences(value: &str) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    let mut is_escaped = false;
    value.split(move |c| {
        let was_escaped = is_escaped;
        is_escaped = is_quoted && c == '\\' && !was_escaped;
        if c == '"' && !was_escaped {
            is_quoted = !is_quoted;
        }
        c == ',' && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderValue, header::HeaderName};

    use super::*;

    #[track_caller]
    fn check(values: &[&'static str], respond_async: bool, wait: Option<u64>) {
        let name = HeaderName::from_static("prefer");
        let headers = values.iter().map(|value| (name.clone(), HeaderValue::from_static(value))).collect();
        assert_eq!(Prefer::read(&headers), Prefer { respond_async, wait: wait.map(Duration::from_secs) }, "{values:?}");
    }

    #[test]
    fn both_preferences_are_found_in_one_header_or_in_two() {
        check(&["respond-async, wait=10"], true, Some(10));
        check(&["wait = 10", "handling=lenient,Respond-Async"], true, Some(10));
        check(&["RESPOND-ASYNC; x=1; y , WAIT=\"5\"; z"], true, Some(5));
        check(&["respond-async=\"\""], true, None);
    }

    #[test]
    fn the_first_of_two_counts() {
        check(&["wait=1, wait=2"], false, Some(1));
    }

    #[test]
    fn other_preferences_mean_nothing() {
        check(&[], false, None);
        check(&["", ",,", "return=minimal; wait=3", "respond-asynchronously"], false, None);
        check(&["x=\"a, respond-async, \\\", wait=3\""], false, None);
        check(&["wait", "wait=-1", "wait=1.5", "wait=99999999999", "wait=soon"], false, None);
    }
}
