//! Where a picture says more than a table.

use crate::chart::Chart;
use crate::results::Found;
use crate::scenario::Scenario;

/// The pictures of a scenario: a file name, a title, and the SVG.
pub(super) fn of(scenario: &Scenario, found: &Found) -> Vec<(&'static str, String, String)> {
    let charts = match scenario.name {
        "bridge" => vec![("throughput", throughput(scenario, found)), ("latency", latency(scenario, found))],
        "idle" => vec![("memory", memory(scenario, found))],
        _ => Vec::new(),
    };
    let drawn = charts.into_iter().map(|(name, chart)| Some((name, chart.title.clone(), chart.draw()?)));
    drawn.flatten().collect()
}

fn throughput(scenario: &Scenario, found: &Found) -> Chart {
    let places: Vec<_> = scenario.points.iter().map(|point| point.name.clone()).collect();
    let lines = scenario.subjects.iter().map(|subject| {
        let value = |point: &String| found.number(&subject.name, point, "calls_per_s");
        (subject.name.clone(), places.iter().map(value).collect())
    });
    let lines = drawable(lines.collect());
    Chart { title: "Small calls through a bridge, by sessions".to_owned(), unit: "calls/s", places, lines }
}

fn latency(scenario: &Scenario, found: &Found) -> Chart {
    let names = ["p25", "p50", "p75", "p90", "p99", "p999", "p9999"];
    let lines = scenario.subjects.iter().map(|subject| {
        let value = |name: &&str| Some(found.number(&subject.name, "16 sessions", &format!("{name}_us"))? / 1000.0);
        (subject.name.clone(), names.iter().map(value).collect())
    });
    let lines = drawable(lines.collect());
    let places = ["25 %", "50 %", "75 %", "90 %", "99 %", "99.9 %", "99.99 %"].map(str::to_owned).into();
    Chart { title: "Calls of 16 sessions that took no longer than".to_owned(), unit: "ms", places, lines }
}

fn memory(scenario: &Scenario, found: &Found) -> Chart {
    let point = scenario.points.first().map_or("", |point| &point.name);
    let mut counts: Vec<u64> = Vec::new();
    for row in &found.rows {
        let names = row.rounds.iter().flat_map(|round| round.keys());
        counts.extend(names.filter_map(|name| name.strip_prefix("mib_at_")?.parse::<u64>().ok()));
    }
    counts.sort_unstable();
    counts.dedup();
    let lines = scenario.subjects.iter().map(|subject| {
        let value = |count: &u64| found.number(&subject.name, point, &format!("mib_at_{count}"));
        (subject.name.clone(), counts.iter().map(value).collect())
    });
    let lines = drawable(lines.collect());
    let places = counts.iter().map(u64::to_string).collect();
    Chart { title: "Memory by idle sessions with their connections".to_owned(), unit: "MiB", places, lines }
}

fn drawable(mut lines: Vec<(String, Vec<Option<f64>>)>) -> Vec<(String, Vec<Option<f64>>)> {
    lines.retain(|(_, values)| values.iter().any(Option::is_some));
    lines
}
