//! The tidiness checks: what a reviewer should not have to look for.

use std::io;
use std::path::Path;
use std::process::ExitCode;

use crate::source::{self, Source};

mod adr;
mod leftover;
mod literal;
mod name;
mod sentence;
mod size;

/// One thing to put right: where, and what.
pub(crate) type Finding = String;

pub(crate) fn run(root: &Path) -> ExitCode {
    match check(root) {
        Ok(findings) if findings.is_empty() => {
            println!("tidy");
            ExitCode::SUCCESS
        }
        Ok(findings) => {
            for finding in &findings {
                eprintln!("{finding}");
            }
            eprintln!("{} finding(s)", findings.len());
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("tidy cannot read the work tree: {error}");
            ExitCode::FAILURE
        }
    }
}

fn check(root: &Path) -> io::Result<Vec<Finding>> {
    let sources = source::read_all(root)?;
    let words = literal::Words::read(&sources);
    let mut findings = Vec::new();
    let mut large: Vec<(usize, &Source)> = Vec::new();
    for source in &sources {
        let lines = size::code_lines(source.without_tests());
        if lines > size::LOOKED_AT {
            large.push((lines, source));
        }
        findings.extend(size::check(source, lines));
        findings.extend(words.check(source));
        findings.extend(leftover::check(source));
    }
    findings.extend(name::check(root)?);
    findings.extend(sentence::check(root)?);
    findings.extend(adr::check(root)?);

    large.sort_by_key(|(lines, _)| std::cmp::Reverse(*lines));
    for (lines, source) in large {
        println!("look at {}: {lines} lines of code", source.path);
    }
    Ok(findings)
}
