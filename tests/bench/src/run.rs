//! A run: every subject of a scenario in turn, round after round.

use crate::load::{Idle, run as run_load};
use crate::place::Place;
use crate::results::{Found, Numbers, Row};
use crate::scenario::{Effort, Point, Scenario, Work};
use crate::subject::Subject;
use crate::tree::Cost;

const SETTLE: std::time::Duration = std::time::Duration::from_millis(300);

/// The names of what is kept of the times of calls, and which share took at most that.
const QUANTILES: [(&str, f64); 8] = [
    ("p25_us", 0.25),
    ("p50_us", 0.5),
    ("p75_us", 0.75),
    ("p90_us", 0.9),
    ("p99_us", 0.99),
    ("p999_us", 0.999),
    ("p9999_us", 0.9999),
    ("max_us", 1.0),
];

/// Runs a scenario; what goes wrong with a subject stands in its rows.
pub(crate) fn run(scenario: &Scenario, effort: Effort) -> Result<Found, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    let mut found = Found { name: scenario.name.to_owned(), rows: Vec::new() };
    for round in 0..effort.rounds {
        for at in 0..scenario.subjects.len() {
            // Each round begins with another one, so that none is always the first.
            let subject = &scenario.subjects[(at + round) % scenario.subjects.len()];
            let fails = |row: &Row| row.subject == subject.name && row.error.is_some();
            if found.rows.iter().any(fails) {
                continue;
            }
            if let Err((point, error)) = runtime.block_on(measure(scenario, subject, &mut found)) {
                eprintln!("{}: {}, {point}: {error}", scenario.name, subject.name);
                found.row_mut(&subject.name, &point).error = Some(error);
            }
        }
    }
    let order = |name: &str| scenario.subjects.iter().position(|subject| subject.name == name);
    let place = |name: &str| scenario.points.iter().position(|point| point.name == name);
    found.rows.sort_by_key(|row| (place(&row.point), order(&row.subject)));
    Ok(found)
}

async fn measure(scenario: &Scenario, subject: &Subject, found: &mut Found) -> Result<(), (String, String)> {
    let first = scenario.points.first().map_or("", |point| &point.name);
    let at_start = |error| (first.to_owned(), error);
    let mut place = Place::open(subject).map_err(at_start)?;
    let is_start = scenario.points.iter().all(|point| matches!(point.work, Work::Start));
    if !is_start {
        place.ready(&subject.tool_names()).await.map_err(at_start)?;
    }
    for point in &scenario.points {
        let numbers = work(subject, point, &place).await.map_err(|error| (point.name.clone(), error))?;
        let said = |name: &str| numbers.get(name).map(|value| format!(" {name} {value:.1}")).unwrap_or_default();
        let all: String =
            ["calls_per_s", "p50_us", "p99_us", "cpu_us", "memory_mib", "kib_each", "listening_ms"].map(said).concat();
        eprintln!("{:12} {:28} {:14}{all}", scenario.name, subject.name, point.name);
        found.row_mut(&subject.name, &point.name).rounds.push(numbers);
    }
    Ok(())
}

async fn work(subject: &Subject, point: &Point, place: &Place) -> Result<Numbers, String> {
    let mut numbers = Numbers::new();
    let mut put = |name: &str, value: f64| numbers.extend([(name.to_owned(), value)]);
    place.tree.forget_peak();
    match &point.work {
        Work::Start => {
            tokio::time::sleep(SETTLE).await;
            put("listening_ms", place.listening.as_secs_f64() * 1000.0);
        }
        Work::Idle { count, stream, time } => {
            let before = place.tree.cost();
            let mut idle = Idle::default();
            for count in [count / 10, count / 4, count / 2, *count] {
                idle.grow(&place.target, count, *stream).await.map_err(|error| error.to_string())?;
                tokio::time::sleep(SETTLE).await;
                put(&format!("mib_at_{count}"), kib(place.tree.cost().memory_kib) / 1024.0);
            }
            let opened = place.tree.cost();
            tokio::time::sleep(*time).await;
            let after = place.tree.cost();
            drop(idle);
            put("kib_each", kib(opened.memory_kib.saturating_sub(before.memory_kib)) / of(*count as u64));
            put("idle_cpu_percent", 100.0 * (after.cpu_seconds - opened.cpu_seconds) / time.as_secs_f64());
        }
        Work::Load { job, noise } => {
            let mut job = job.clone();
            if job.call.tools.is_empty() {
                job.call.tools = subject.tool_names();
            }
            let mut marks: Vec<Cost> = Vec::new();
            let noise = noise.as_ref().map(|noise| (noise, place.other.as_ref().unwrap_or(&place.target)));
            let done = run_load(&place.target, &job, noise, || marks.push(place.tree.cost())).await?;
            if let Some(error) = done.error {
                return Err(format!("{} sessions had errors, such as {error}", done.errors));
            }
            if done.calls == 0 {
                return Err("no call was answered in time".to_owned());
            }
            let cpu = marks[1].cpu_seconds - marks[0].cpu_seconds;
            put("calls_per_s", of(done.calls) / done.time.as_secs_f64());
            put("cpu_us", 1e6 * cpu / of(done.calls));
            put("notes", of(done.notes) / of(done.calls));
            for (name, share) in QUANTILES {
                put(name, done.latency.quantile(share));
            }
        }
    }
    let cost = place.tree.cost();
    put("memory_mib", kib(cost.memory_kib) / 1024.0);
    put("peak_mib", kib(cost.peak_kib) / 1024.0);
    put("grown_mib", kib(cost.peak_kib.saturating_sub(place.memory_kib)) / 1024.0);
    put("processes", of(cost.processes as u64));
    Ok(numbers)
}

fn kib(count: u64) -> f64 {
    of(count)
}

#[expect(clippy::cast_precision_loss, reason = "nothing here is counted so far")]
fn of(count: u64) -> f64 {
    count as f64
}
