//! The page of what was found.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use crate::results::{Found, Results, Row};
use crate::scenario::Scenario;
use crate::subject::Program;

mod pictures;

/// What is written by hand, and kept as it is.
const PROFILES: &str = "tests/bench/profiles.md";

const HEAD: &str = "\
# Performance

Written by `just bench`; what stands under [Profiles](#profiles) is kept in `tests/bench/profiles.md`.

```sh
tests/bench/install   # the other proxies, from their registries; compiling the one from crates.io takes minutes
just bench            # all of it, and this page; `--only TEXT` and `--quick` show numbers and write nothing
just bench-gate       # the instructions of each part of a call, against tests/bench/gate.json
```

Load, proxy and servers share the machine. All subjects of a table are measured in turn, in rounds that each begin with another one, every
one freshly started; a number is the median of the rounds. So ratios within a table hold, and numbers of different tables are not
to be compared. Every session has one keep-alive connection and calls again as soon as it is answered; every answer is checked for the text
and the id of its call, and a single wrong one fails the run. *CPU* is that of the proxy and of all that it has started but for the servers
(for `direct` it is the server's own), *memory* is resident. *direct* is the echo server without a proxy. The *bare bridge* knows no sessions, checks
nothing and drops notes: what HTTP, two pipes and a changed id cost, and so the bound of a bridge.

";

/// Writes the page and its pictures below `folder`.
pub(crate) fn write(results: &Results, scenarios: &[Scenario], folder: &Path) -> Result<(), String> {
    let pictures = folder.join("performance");
    fs::create_dir_all(&pictures).map_err(|error| format!("{}: {error}", pictures.display()))?;
    let mut page = HEAD.to_owned();
    page += "## Machine and versions\n\n| | |\n|---|---|\n";
    for (what, text) in &results.about {
        let _ = writeln!(page, "| {what} | {text} |");
    }
    page += "\n";
    page += &bars(results, scenarios);
    for scenario in scenarios {
        if let Some(found) = results.of(scenario.name) {
            page += &table(scenario, found);
            for (name, title, svg) in pictures::of(scenario, found) {
                let path = pictures.join(format!("{name}.svg"));
                fs::write(&path, svg).map_err(|error| format!("{}: {error}", path.display()))?;
                let _ = writeln!(page, "\n![{title}](performance/{name}.svg)");
            }
            page += "\n";
        }
    }
    page += fs::read_to_string(PROFILES).map_err(|error| format!("{PROFILES}: {error}"))?.trim_end();
    page += "\n";
    let path = folder.join("performance.md");
    fs::write(&path, page).map_err(|error| format!("{}: {error}", path.display()))
}

fn bars(results: &Results, scenarios: &[Scenario]) -> String {
    let mut text = "## Where it must come out\n\n| | what | bar | measured | |\n|---|---|---|---|---|\n".to_owned();
    for scenario in scenarios {
        let Some(found) = results.of(scenario.name) else { continue };
        for bar in &scenario.bars {
            let (value, met) = match bar.verdict(found) {
                Some(verdict) => (number(verdict.value), if verdict.is_met { "met" } else { "**not met**" }),
                None => (String::new(), "not measured"),
            };
            let _ = writeln!(text, "| {} | {} | {} | {value} | {met} |", scenario.title, bar.what, bar.words());
        }
    }
    text + "\n"
}

/// A heading of a table, the name of the number, and what it is multiplied with.
const COLUMNS: [(&str, &str, f64); 13] = [
    ("calls/s", "calls_per_s", 1.0),
    ("p50 ms", "p50_us", 0.001),
    ("p99 ms", "p99_us", 0.001),
    ("p99.9 ms", "p999_us", 0.001),
    ("CPU µs per call", "cpu_us", 1.0),
    ("notes per call", "notes", 1.0),
    ("KiB per session", "kib_each", 1.0),
    ("CPU % of a core", "idle_cpu_percent", 1.0),
    ("ms until it listens", "listening_ms", 1.0),
    ("memory MiB", "memory_mib", 1.0),
    ("peak MiB", "peak_mib", 1.0),
    ("above the start MiB", "grown_mib", 1.0),
    ("processes", "processes", 1.0),
];

fn table(scenario: &Scenario, found: &Found) -> String {
    let mut text = format!("## {}\n\n{}\n\n", scenario.title, scenario.about);
    let is_there = |name: &str| found.rows.iter().any(|row| row.median(name).is_some_and(|value| value > 0.0));
    let columns: Vec<_> = COLUMNS.iter().filter(|(_, name, _)| is_there(name)).collect();
    let first = |program: &dyn Fn(&Program) -> bool| {
        scenario.subjects.iter().find(|subject| program(&subject.program)).map(|subject| subject.name.as_str())
    };
    let has_rates = is_there("calls_per_s");
    let direct = first(&|program| *program == Program::Direct).filter(|_| has_rates);
    let bare = first(&|program| *program == Program::Bare).filter(|_| has_rates);
    text += "| | |";
    for (heading, name, _) in &columns {
        let _ = write!(text, " {heading} |");
        if *name == "calls_per_s" {
            text += direct.map_or("", |_| " % of direct |");
            text += bare.map_or("", |_| " % of the bare bridge |");
        }
    }
    let more = usize::from(direct.is_some()) + usize::from(bare.is_some());
    let _ = write!(text, "\n|---|---|{}\n", "---:|".repeat(columns.len() + more));
    let mut last = "";
    for row in &found.rows {
        let point = if row.point == last { "" } else { row.point.as_str() };
        last = &row.point;
        let _ = write!(text, "| {point} | {} |", row.subject);
        if row.rounds.is_empty() {
            let _ = writeln!(text, " not measured |{}", " |".repeat(columns.len() + more - 1));
            continue;
        }
        for (_, name, factor) in &columns {
            let _ = write!(text, " {} |", row.median(name).map(|value| number(value * factor)).unwrap_or_default());
            if *name == "calls_per_s" {
                for of in [direct, bare].into_iter().flatten() {
                    let _ = write!(text, " {} |", percent(row, found.number(of, &row.point, name)));
                }
            }
        }
        text += "\n";
    }
    text
}

fn percent(row: &Row, of: Option<f64>) -> String {
    let share = row.median("calls_per_s").zip(of).map(|(value, of)| 100.0 * value / of);
    share.map(number).unwrap_or_default()
}

/// Three digits that matter.
fn number(value: f64) -> String {
    match value.abs() {
        size if size < 1000.0 && size.fract() == 0.0 => format!("{value:.0}"),
        size if size >= 1000.0 => {
            let digits = format!("{value:.0}");
            let at = digits.len() - 3;
            format!("{} {}", &digits[..at], &digits[at..])
        }
        size if size >= 100.0 => format!("{value:.0}"),
        size if size >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}
