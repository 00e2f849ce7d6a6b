//! What a program costs that does nothing: its start, and sessions that idle.

use super::bridge::{BARE, DIRECT, OURS, REFERENCE, other};
use super::{Effort, Point, Scenario, Work};
use crate::bar::at_most;
use crate::other::Other;
use crate::subject::{Program, Subject, Wire};

pub(super) fn all(effort: Effort, reference: Option<&Program>) -> Vec<Scenario> {
    vec![start(reference), idle(effort, false), idle(effort, true)]
}

fn start(reference: Option<&Program>) -> Scenario {
    let point = "start";
    let (alone, fifty, rest) = ("mcp-stdio, no child yet", "mcp-hub, 50 servers", "mcp-rest");
    let mut subjects = vec![Subject::new(BARE, Program::Bare)];
    subjects.extend(reference.map(|program| Subject::new(REFERENCE, program.clone())));
    subjects.extend([
        Subject::new(alone, Program::Stdio).on_demand(),
        Subject::new(OURS, Program::Stdio),
        Subject::new(rest, Program::Rest),
        Subject::new(fifty, Program::Hub).servers(Wire::Stdio, 50, 10),
    ]);
    let others = [Other::RustProxy, Other::NpmProxy, Other::Supergateway, Other::PypiProxy];
    subjects.extend(others.map(other));
    Scenario {
        name: "start",
        title: "Start",
        about: "From the start of the program until it takes connections, and its memory 0.3 s later, children not counted.",
        subjects,
        points: vec![Point { name: point.to_owned(), work: Work::Start }],
        bars: vec![
            at_most("no child, ms until it listens", 20.0, "listening_ms", (alone, point)),
            at_most("hub of 50 servers, ms until it listens", 50.0, "listening_ms", (fifty, point)),
            at_most("one server, MiB after the start", 10.0, "memory_mib", (OURS, point)),
        ],
    }
}

fn idle(effort: Effort, stream: bool) -> Scenario {
    let point = if stream { "with open streams" } else { "with their connections" };
    let work = Work::Idle { count: effort.idle, stream, time: effort.time };
    let mut subjects = vec![Subject::new(OURS, Program::Stdio)];
    if !stream {
        subjects.extend([Subject::new(DIRECT, Program::Direct), Subject::new(BARE, Program::Bare)]);
    }
    let limit = if stream { 30.0 } else { 22.0 };
    Scenario {
        name: if stream { "idle-stream" } else { "idle" },
        title: if stream { "Idle sessions with an open stream" } else { "Idle sessions" },
        about: if stream {
            "10 000 sessions, each with a GET that waits for what the server says."
        } else {
            "10 000 sessions, each with its keep-alive connection; a direct one and one of the bare bridge is nothing but a connection."
        },
        subjects,
        points: vec![Point { name: point.to_owned(), work }],
        bars: vec![
            at_most("KiB per session", limit, "kib_each", (OURS, point)),
            at_most("CPU of all, % of a core", 2.0, "idle_cpu_percent", (OURS, point)),
        ],
    }
}
