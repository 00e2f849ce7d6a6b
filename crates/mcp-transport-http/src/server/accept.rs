//! What a client takes as an answer.

/// What the `Accept` headers of a request name (RFC 9110, 12.5.1). Weights do not matter, except that a weight of 0 means
/// that a type is not wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Accept {
    /// `application/json`, or `application/*`.
    pub json: bool,
    /// `text/event-stream`, or `text/*`.
    pub events: bool,
    /// `*/*`, or nothing at all, which means the same.
    pub any: bool,
}

/// What the official clients send.
const USUAL: &[u8] = b"application/json, text/event-stream";

impl Accept {
    /// Reads the values, in whichever headers they come. A part that cannot be read names nothing.
    pub(super) fn read<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut found = Self::default();
        let mut is_there = false;
        for value in values {
            is_there = true;
            // Known by a look: to take it apart is as much work as to parse a small message.
            if value == USUAL {
                found = Self { json: true, events: true, ..found };
                continue;
            }
            found.add(value);
        }
        if is_there { found } else { Self { any: true, ..found } }
    }

    /// Adds what one header names.
    fn add(&mut self, value: &[u8]) {
        for part in value.split(|byte| *byte == b',') {
            let mut pieces = part.split(|byte| *byte == b';').map(<[u8]>::trim_ascii);
            let kind = pieces.next().unwrap_or_default();
            if pieces.any(is_weight_zero) {
                continue;
            }
            let is = |name: &str| kind.eq_ignore_ascii_case(name.as_bytes());
            self.json |= is("application/json") || is("application/*");
            self.events |= is("text/event-stream") || is("text/*");
            self.any |= is("*/*");
        }
    }

    /// Whether JSON will do.
    #[must_use]
    pub fn takes_json(self) -> bool {
        self.json || self.any
    }

    /// Whether an event stream will do.
    #[must_use]
    pub fn takes_events(self) -> bool {
        self.events || self.any
    }
}

fn is_weight_zero(parameter: &[u8]) -> bool {
    let Some((name, weight)) = std::str::from_utf8(parameter).ok().and_then(|text| text.split_once('=')) else {
        return false;
    };
    name.trim_ascii().eq_ignore_ascii_case("q") && weight.trim_ascii().parse() == Ok(0.0_f32)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expect` has a letter for each thing named: `j`, `e`, `a`.
    #[track_caller]
    fn check(values: &[&str], expect: &str) {
        let found = Accept::read(values.iter().map(|value| value.as_bytes()));
        let letters = [(found.json, 'j'), (found.events, 'e'), (found.any, 'a')];
        let letters: String = letters.iter().filter(|(is, _)| *is).map(|(_, letter)| letter).collect();
        assert_eq!(letters, expect, "{values:?}");
    }

    #[test]
    fn types_are_found_in_every_spelling() {
        check(&["application/json, text/event-stream"], "je");
        check(&["application/json", "text/event-stream"], "je");
        check(&["*/*", "application/json, text/event-stream", "text/html"], "jea");
        check(&["Application/JSON;charset=utf-8 ; q=0.9 ,TEXT/event-stream;q=0.1"], "je");
        check(&["text/html, application/xhtml+xml, */*;q=0.8"], "a");
        check(&["application/*"], "j");
        check(&["text/*"], "e");
        check(&["text/html"], "");
        check(&["application/json-seq, text/event-streams"], "");
        check(&[",,;q=1, ,application/json"], "j");
    }

    #[test]
    fn without_a_header_everything_will_do() {
        check(&[], "a");
        assert!(Accept::read([]).takes_json() && Accept::read([]).takes_events());
        check(&[""], "");
    }

    #[test]
    fn a_weight_of_zero_is_a_refusal() {
        check(&["application/json;q=0, text/event-stream;q=0.000"], "");
        check(&["application/json; Q = 0.001, */*;q=0"], "j");
        check(&["application/json;q=x"], "j");
    }
}
