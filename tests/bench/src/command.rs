//! The command that runs scenarios.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::about::about;
use crate::load::{Call, Face, Job, Pace, Target, run as run_load};
use crate::options::Options;
use crate::report::write;
use crate::results::Results;
use crate::run::run as run_scenario;
use crate::scenario::{Effort, REFERENCE, all};
use crate::subject::Program;

pub(crate) const USAGE: &str = "\
bench report [--json FILE]
bench run [--only TEXT]… [--quick | --smoke] [--rounds N] [--without-others] [--reference PROGRAM] [--json FILE] [--no-page]
bench gate [--only TEXT]… [--write]
bench load --address HOST:PORT [--path PATH] [--face legacy|modern|sse|rest] [--sessions N] [--seconds N | --calls N]
           [--rate N] [--tool NAME]… [--size BYTES] [--escaped] [--notes N] [--delay-ms N] [--list]
bench echo-stdio | echo-http [--port N] [--era modern] [--tools N] [--size BYTES] [--escaped] [--notes N] [--delay-ms N]
bench bridge [--port N] -- COMMAND…";

const JSON: &str = "target/bench/results.json";

/// Runs scenarios, keeps what was found, and fails if a subject of ours did.
pub(crate) fn run(mut options: Options) -> Result<(), String> {
    let only = options.values("--only")?;
    let is_smoke = options.flag("--smoke");
    let mut effort = if is_smoke {
        Effort::SMOKE
    } else if options.flag("--quick") {
        Effort::QUICK
    } else {
        Effort::FULL
    };
    effort.rounds = options.value("--rounds")?.unwrap_or(effort.rounds);
    let without_others = options.flag("--without-others");
    let reference = options.value::<PathBuf>("--reference")?.map(Program::Reference);
    let json: PathBuf = options.value("--json")?.unwrap_or_else(|| JSON.into());
    // Of a part, or of less than the whole effort, no page is made.
    let with_page = !options.flag("--no-page") && only.is_empty() && effort.time == Effort::FULL.time;
    options.end()?;
    let mut results = Results::read(&json)?;
    results.about = about();
    let mut failed = 0;
    for scenario in all(effort, reference.as_ref(), !without_others && !is_smoke) {
        if !only.is_empty() && !only.iter().any(|text| scenario.name.contains(text.as_str())) {
            continue;
        }
        let found = run_scenario(&scenario, effort)?;
        // A moment shows nothing but whether it works.
        for bar in scenario.bars.iter().filter(|_| !is_smoke) {
            if let Some(verdict) = bar.verdict(&found) {
                let met = if verdict.is_met { "met" } else { "NOT met" };
                eprintln!("{:12} {}: {:.2}, {} {met}", scenario.name, bar.what, verdict.value, bar.words());
            }
        }
        let is_ours = |name: &str| {
            scenario
                .subjects
                .iter()
                .any(|subject| subject.name == name && !matches!(subject.program, Program::Other(_)))
        };
        failed += found.rows.iter().filter(|row| row.error.is_some() && is_ours(&row.subject)).count();
        results.put(found);
        results.write(&json)?;
    }
    if with_page {
        write_page(&results, reference.as_ref())?;
    }
    if failed == 0 { Ok(()) } else { Err(format!("{failed} subjects failed")) }
}

/// Makes the page anew, of what was kept.
pub(crate) fn report(mut options: Options) -> Result<(), String> {
    let json: PathBuf = options.value("--json")?.unwrap_or_else(|| JSON.into());
    options.end()?;
    let results = Results::read(&json)?;
    let has_reference = results.scenarios.iter().any(|found| found.rows.iter().any(|row| row.subject == REFERENCE));
    write_page(&results, has_reference.then(|| Program::Reference(PathBuf::new())).as_ref())
}

fn write_page(results: &Results, reference: Option<&Program>) -> Result<(), String> {
    write(results, &all(Effort::FULL, reference, true), Path::new("docs"))
}

/// Puts load on what is already there, and says what came of it.
pub(crate) fn load(mut options: Options) -> Result<(), String> {
    let face: Option<String> = options.value("--face")?;
    let face = match face.as_deref() {
        None | Some("legacy") => Face::Legacy,
        Some("modern") => Face::Modern,
        Some("sse") => Face::Sse,
        Some("rest") => Face::Rest,
        Some(_) => return Err(USAGE.to_owned()),
    };
    let path = options.value("--path")?.unwrap_or_else(|| if face == Face::Sse { "/sse" } else { "/mcp" }.to_owned());
    let target = Target { address: options.value("--address")?.ok_or(USAGE)?, path, face };
    let mut tools = options.values("--tool")?;
    if tools.is_empty() {
        tools.push("echo".to_owned());
    }
    let call = Call {
        tools,
        size: options.value("--size")?.unwrap_or(0),
        escaped: options.flag("--escaped"),
        notes: options.value("--notes")?.unwrap_or(0),
        delay_ms: options.value("--delay-ms")?.unwrap_or(0),
        is_list: options.flag("--list"),
    };
    let count: Option<u64> = options.value("--calls")?;
    let pace = options.value("--rate")?.map_or_else(|| count.map_or(Pace::Closed, Pace::Count), Pace::Open);
    let sessions = options.value("--sessions")?.unwrap_or(1);
    let time = Duration::from_secs_f64(options.value("--seconds")?.unwrap_or(2.0));
    let job = Job { sessions, call, pace, warm: Duration::from_millis(200), time };
    options.end()?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let done = runtime.map_err(|error| error.to_string())?.block_on(run_load(&target, &job, None, || ()))?;
    let quantile = |share| done.latency.quantile(share);
    println!(
        "{} calls in {:.3?}, p50 {:.1} µs, p99 {:.1} µs, p99.9 {:.1} µs, {} notes, {} errors",
        done.calls,
        done.time,
        quantile(0.5),
        quantile(0.99),
        quantile(0.999),
        done.notes,
        done.errors
    );
    done.error.map_or(Ok(()), Err)
}
