//! The command that runs scenarios.

use std::path::PathBuf;

use crate::options::Options;
use crate::results::Results;
use crate::run::run as run_scenario;
use crate::scenario::{Effort, all};
use crate::subject::Program;

pub(crate) const USAGE: &str = "\
bench run [--only TEXT]… [--quick | --smoke] [--rounds N] [--without-others] [--reference PROGRAM] [--json FILE]
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
    options.end()?;
    let mut results = Results::read(&json)?;
    let mut failed = 0;
    for scenario in all(effort, reference.as_ref(), !without_others && !is_smoke) {
        if !only.is_empty() && !only.iter().any(|text| scenario.name.contains(text.as_str())) {
            continue;
        }
        let found = run_scenario(&scenario, effort)?;
        for bar in &scenario.bars {
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
    if failed == 0 { Ok(()) } else { Err(format!("{failed} subjects failed")) }
}
