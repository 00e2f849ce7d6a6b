//! What was found, as it is kept in a file.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

/// Numbers by their names, such as `calls_per_s`.
pub(crate) type Numbers = BTreeMap<String, f64>;

#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Results {
    /// What is said of the machine and of the versions.
    pub(crate) about: BTreeMap<String, String>,
    pub(crate) scenarios: Vec<Found>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Found {
    pub(crate) name: String,
    pub(crate) rows: Vec<Row>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Row {
    pub(crate) subject: String,
    pub(crate) point: String,
    pub(crate) rounds: Vec<Numbers>,
    /// What went wrong first.
    pub(crate) error: Option<String>,
}

impl Results {
    /// Those of a file; none if there is none.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let Ok(text) = fs::read_to_string(path) else { return Ok(Self::default()) };
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn write(&self, path: &Path) -> Result<(), String> {
        let text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| error.to_string())?;
        fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
    }

    pub(crate) fn put(&mut self, found: Found) {
        self.scenarios.retain(|scenario| scenario.name != found.name);
        self.scenarios.push(found);
    }

    pub(crate) fn of(&self, scenario: &str) -> Option<&Found> {
        self.scenarios.iter().find(|found| found.name == scenario)
    }
}

impl Found {
    pub(crate) fn number(&self, subject: &str, point: &str, name: &str) -> Option<f64> {
        self.row(subject, point)?.median(name)
    }

    pub(crate) fn row(&self, subject: &str, point: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.subject == subject && row.point == point)
    }

    pub(crate) fn row_mut(&mut self, subject: &str, point: &str) -> &mut Row {
        let at = self.rows.iter().position(|row| row.subject == subject && row.point == point);
        let at = at.unwrap_or_else(|| {
            let (subject, point) = (subject.to_owned(), point.to_owned());
            self.rows.push(Row { subject, point, rounds: Vec::new(), error: None });
            self.rows.len() - 1
        });
        &mut self.rows[at]
    }
}

impl Row {
    /// The middle one of all rounds, or the mean of the two in the middle.
    pub(crate) fn median(&self, name: &str) -> Option<f64> {
        let mut all: Vec<_> = self.rounds.iter().filter_map(|round| round.get(name).copied()).collect();
        all.sort_by(f64::total_cmp);
        let middle = all.len() / 2;
        let upper = *all.get(middle)?;
        Some(if all.len() % 2 == 1 { upper } else { f64::midpoint(all[middle - 1], upper) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_median_is_in_the_middle() {
        let rounds = |numbers: &[f64]| numbers.iter().map(|n| Numbers::from([("a".to_owned(), *n)])).collect();
        let median = |numbers: &[f64]| {
            Row { subject: String::new(), point: String::new(), rounds: rounds(numbers), error: None }.median("a")
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0]), Some(2.5));
    }
}
