//! The counts in what a test runner prints.

/// How the line begins with which nextest sums up a run.
pub(crate) const NEXTEST: &str = "Summary [";
/// How the line begins with which each test program sums up under `cargo test`.
pub(crate) const LIBTEST: &str = "test result:";

/// How the tests went, summed over all test programs.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Counts {
    /// Adds what one line of the runner says, if it begins as its sums do. (Under nextest the sum of a test program that
    /// failed is shown as well: it must not count again.)
    pub(crate) fn read(&mut self, sum: &str, line: &str) {
        let line = plain(line);
        if !line.trim_start().starts_with(sum) {
            return;
        }
        let words: Vec<_> = line.split([' ', ',', ';', '.', '(', ')']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(number) = pair[0].parse::<usize>() else { continue };
            match pair[1] {
                "passed" => self.passed += number,
                "failed" | "timed" => self.failed += number,
                "ignored" | "skipped" => self.skipped += number,
                _ => {}
            }
        }
    }

    /// One plain line, in which a test that said it lacks something counts as skipped, though its runner saw it pass.
    pub(crate) fn line(&self, lacking: usize) -> String {
        let passed = self.passed.saturating_sub(lacking);
        format!("{passed} passed, {} failed, {} skipped", self.failed, self.skipped + lacking)
    }
}

/// The text without colours.
fn plain(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(|c| *c == 'm');
        } else {
            text.push(c);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(sum: &str, text: &str, lacking: usize, expected: &str) {
        let mut counts = Counts::default();
        text.lines().for_each(|line| counts.read(sum, line));
        assert_eq!(counts.line(lacking), expected);
    }

    #[test]
    fn the_lines_of_cargo_test_are_summed() {
        let text = "running 3 tests\ntest result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 4 filtered out; finished in 0.1s\n\
                    test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.0s\n";
        check(LIBTEST, text, 0, "3 passed, 2 failed, 1 skipped");
    }

    #[test]
    fn the_summary_of_nextest_is_read_through_its_colours() {
        let text = "    test result: FAILED. 0 passed; 1 failed\n\u{1b}[32;1m     Summary\u{1b}[0m [   0.014s] 9 tests run: 6 passed (1 slow), 2 failed, 1 timed out, 3 skipped";
        check(NEXTEST, text, 0, "6 passed, 3 failed, 3 skipped");
    }

    #[test]
    fn what_lacks_a_peer_counts_as_skipped() {
        check(LIBTEST, "test result: ok. 5 passed; 0 failed; 0 ignored", 2, "3 passed, 0 failed, 2 skipped");
    }
}
