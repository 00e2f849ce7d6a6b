//! Where a number must come out.

use crate::other::Other;
use crate::results::Found;

/// A number of a row, or its ratio to another one, and what it must be.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) what: String,
    sense: Sense,
    limit: f64,
    number: &'static str,
    row: (String, String),
    against: Against,
    /// Another way to meet it.
    or: Option<Box<Self>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sense {
    AtLeast,
    AtMost,
}

#[derive(Clone, Debug)]
enum Against {
    Nothing,
    Row(String, String),
    /// The best of the other proxies at a point.
    FastestOther(String),
}

/// What was found.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) value: f64,
    pub(crate) is_met: bool,
}

pub(crate) fn at_least(what: &str, limit: f64, number: &'static str, row: (&str, &str)) -> Bar {
    Bar::new(Sense::AtLeast, what, limit, number, row)
}

pub(crate) fn at_most(what: &str, limit: f64, number: &'static str, row: (&str, &str)) -> Bar {
    Bar::new(Sense::AtMost, what, limit, number, row)
}

impl Bar {
    fn new(sense: Sense, what: &str, limit: f64, number: &'static str, row: (&str, &str)) -> Self {
        let row = (row.0.to_owned(), row.1.to_owned());
        Self { what: what.to_owned(), sense, limit, number, row, against: Against::Nothing, or: None }
    }

    /// The ratio to the same number of another row.
    pub(crate) fn of(self, row: (&str, &str)) -> Self {
        Self { against: Against::Row(row.0.to_owned(), row.1.to_owned()), ..self }
    }

    pub(crate) fn of_fastest_other(self, point: &str) -> Self {
        Self { against: Against::FastestOther(point.to_owned()), ..self }
    }

    pub(crate) fn or(self, other: Self) -> Self {
        Self { or: Some(Box::new(other)), ..self }
    }

    /// In words, such as `≥ 0.8 × bare bridge`.
    pub(crate) fn words(&self) -> String {
        let sign = if self.sense == Sense::AtLeast { "≥" } else { "≤" };
        let mut words = match &self.against {
            Against::Nothing => format!("{sign} {}", self.limit),
            Against::Row(subject, point) if *point == self.row.1 => format!("{sign} {} × {subject}", self.limit),
            Against::Row(subject, point) => format!("{sign} {} × {subject}, {point}", self.limit),
            Against::FastestOther(_) => format!("{sign} {} × the fastest other proxy", self.limit),
        };
        if let Some(or) = &self.or {
            words = format!("{words}, or {}", or.words());
        }
        words
    }

    /// `None` if it was not measured. Of two ways the one that is met counts, else the first.
    pub(crate) fn verdict(&self, found: &Found) -> Option<Verdict> {
        let number = |subject: &str, point: &str| found.number(subject, point, self.number);
        let ours = number(&self.row.0, &self.row.1)?;
        let value = match &self.against {
            Against::Nothing => ours,
            Against::Row(subject, point) => ours / number(subject, point)?,
            Against::FastestOther(point) => {
                let others = Other::ALL.iter().filter_map(|other| number(other.as_str(), point));
                ours / others.reduce(f64::max)?
            }
        };
        let is_met = if self.sense == Sense::AtLeast { value >= self.limit } else { value <= self.limit };
        let verdict = Verdict { value, is_met };
        let other = || self.or.as_ref().and_then(|or| or.verdict(found)).filter(|verdict| verdict.is_met);
        Some(if is_met { verdict } else { other().unwrap_or(verdict) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::results::Numbers;

    fn found() -> Found {
        let mut found = Found { name: "a".to_owned(), rows: Vec::new() };
        for (subject, value) in [("ours", 8.0), ("bound", 10.0), (Other::Mcpo.as_str(), 2.0)] {
            found.row_mut(subject, "p").rounds.push(Numbers::from([("n".to_owned(), value)]));
        }
        found
    }

    #[test]
    fn ratios_and_numbers_are_held_against_their_limits() {
        let is_met = |bar: &Bar| bar.verdict(&found()).map(|verdict| verdict.is_met);
        let ours = ("ours", "p");
        assert_eq!(is_met(&at_least("", 0.8, "n", ours).of(("bound", "p"))), Some(true));
        assert_eq!(is_met(&at_least("", 0.81, "n", ours).of(("bound", "p"))), Some(false));
        assert_eq!(is_met(&at_least("", 4.0, "n", ours).of_fastest_other("p")), Some(true));
        assert_eq!(is_met(&at_most("", 7.0, "n", ours)), Some(false));
        assert_eq!(is_met(&at_most("", 7.0, "n", ours).or(at_most("", 9.0, "n", ours))), Some(true));
        assert_eq!(is_met(&at_most("", 7.0, "n", ("nobody", "p"))), None);
    }
}
