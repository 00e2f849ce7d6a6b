//! Many servers as one.

use super::bridge::{DIRECT, OURS, other};
use super::{Effort, Point, Scenario, Work, closed};
use crate::bar::{at_least, at_most};
use crate::load::{Call, Job, Noise, Pace};
use crate::other::Other;
use crate::subject::{Program, Subject, Wire};

const SERVERS: usize = 20;
const TOOLS: usize = 10;
/// The least bytes of a tool in a list.
const TOOL: usize = 100;
const MANY: &str = "mcp-hub, 20 servers";
const ONE: &str = "mcp-hub, 1 server";

pub(super) fn all(effort: Effort) -> Vec<Scenario> {
    vec![over_http(effort), over_pipes(effort), lists(effort), healthy(effort), unproxied(effort)]
}

fn hub(name: &str, wire: Wire, servers: usize, tools: usize) -> Subject {
    Subject::new(name, Program::Hub).servers(wire, servers, tools)
}

fn over_http(effort: Effort) -> Scenario {
    let point = "16 sessions";
    Scenario {
        name: "hub-http",
        title: "Hub: servers behind URLs",
        about: "Servers of 10 tools each, behind streamable HTTP; small calls, each session to one of the servers.",
        subjects: vec![
            Subject::new(DIRECT, Program::Direct),
            hub(MANY, Wire::Http, SERVERS, TOOLS),
            hub(ONE, Wire::Http, 1, TOOLS),
            other(Other::RustProxy).servers(Wire::Http, SERVERS, TOOLS),
        ],
        points: [1, 16].map(|sessions| closed(effort, sessions, Call::default())).into(),
        bars: vec![
            at_least("calls/s", 0.45, "calls_per_s", (MANY, point)).of((DIRECT, point)),
            at_most("CPU µs per call", 25.0, "cpu_us", (MANY, point)),
            at_least("calls/s", 0.9, "calls_per_s", (MANY, point)).of((ONE, point)),
            at_least("calls/s", 4.0, "calls_per_s", (MANY, point)).of_fastest_other(point),
        ],
    }
}

fn over_pipes(effort: Effort) -> Scenario {
    let point = "16 sessions";
    Scenario {
        name: "hub-stdio",
        title: "Hub: servers on pipes",
        about: "The same with 20 child processes; the first row is a bridge to one.",
        subjects: vec![Subject::new(OURS, Program::Stdio), hub(MANY, Wire::Stdio, SERVERS, TOOLS)],
        points: [1, 16].map(|sessions| closed(effort, sessions, Call::default())).into(),
        bars: vec![at_least("calls/s", 0.7, "calls_per_s", (MANY, point)).of((OURS, point))],
    }
}

fn lists(effort: Effort) -> Scenario {
    let (few, many) = ("mcp-hub, 20 servers × 10 tools", "mcp-hub, 100 servers × 50 tools");
    let point = "4 sessions";
    Scenario {
        name: "hub-list",
        title: "Hub: lists of tools",
        about: "`tools/list` on one page; a tool is about 130 bytes. What is measured has the bytes on the socket in it.",
        subjects: vec![
            hub(few, Wire::Stdio, SERVERS, TOOLS),
            hub(many, Wire::Stdio, 100, 50),
            other(Other::RustProxy).servers(Wire::Http, SERVERS, TOOLS),
        ],
        points: vec![closed(effort, 4, Call { is_list: true, size: SERVERS * TOOLS * TOOL, ..Call::default() })],
        bars: vec![
            at_most("200 tools of 20 servers, CPU µs per list", 15.0, "cpu_us", (few, point)),
            at_most("5000 tools of 100 servers, CPU µs per list", 1000.0, "cpu_us", (many, point)),
        ],
    }
}

/// As many notes per second.
const FLOOD: u32 = 20_000;
const RATE: u32 = 1000;

const QUIET: &str = "quiet";
const FLOODED: &str = "beside 20 000 notes/s";
const LARGE: &str = "beside 1 MiB results";

/// Calls to one server at a fixed rate, with such noise at the other one.
fn beside(effort: Effort, name: &str, noise: Option<Noise>) -> Point {
    let job = Job {
        sessions: 4,
        call: Call { tools: vec!["s0__echo".to_owned()], ..Call::default() },
        pace: if let Pace::Count(_) = effort.pace { effort.pace } else { Pace::Open(RATE) },
        warm: effort.warm,
        time: effort.time,
    };
    Point { name: name.to_owned(), work: Work::Load { job, noise } }
}

fn noisy_tool() -> String {
    "s1__echo".to_owned()
}

fn large_results() -> Noise {
    Noise::Calls(Call { tools: vec![noisy_tool()], size: 1 << 20, ..Call::default() })
}

fn healthy(effort: Effort) -> Scenario {
    let subject = "mcp-hub, 2 servers";
    Scenario {
        name: "healthy",
        title: "Hub: a server beside a noisy one",
        about: "1000 calls per second at a fixed rate to one server, while the other one floods us with log messages, or a client asks it for 1 MiB again and again. Times count from when a call should have begun.",
        subjects: vec![
            hub(subject, Wire::Stdio, 2, 1),
            hub("mcp-hub --threads 2", Wire::Stdio, 2, 1).options(&["--threads", "2"]),
        ],
        points: vec![
            beside(effort, QUIET, None),
            beside(effort, FLOODED, Some(Noise::Flood { tool: noisy_tool(), rate: FLOOD })),
            beside(effort, LARGE, Some(large_results())),
        ],
        bars: [FLOODED, LARGE]
            .map(|point| at_most(&format!("p99, {point}"), 1.5, "p99_us", (subject, point)).of((subject, QUIET)))
            .into(),
    }
}

fn unproxied(effort: Effort) -> Scenario {
    Scenario {
        name: "unproxied",
        title: "A server beside a noisy one, without a proxy",
        about: "The same calls to one of two servers with nothing between, while a client asks the other one for 1 MiB again and again: what the machine makes of that by itself.",
        subjects: vec![Subject::new("direct, 2 servers", Program::Direct).servers(Wire::Http, 2, 1)],
        points: vec![beside(effort, QUIET, None), beside(effort, LARGE, Some(large_results()))],
        bars: Vec::new(),
    }
}
