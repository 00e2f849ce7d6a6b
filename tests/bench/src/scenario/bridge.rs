//! One server on pipes, offered over HTTP.

use super::{Effort, Scenario, closed};
use crate::bar::{Bar, at_least, at_most};
use crate::load::{Call, Face};
use crate::other::Other;
use crate::subject::{Program, Subject};

pub(super) const DIRECT: &str = "direct";
pub(super) const BARE: &str = "bare bridge";
pub(crate) const REFERENCE: &str = "bare bridge (reference)";
pub(super) const OURS: &str = "mcp-stdio";
const MIB: usize = 1 << 20;

pub(super) fn all(effort: Effort, reference: Option<&Program>) -> Vec<Scenario> {
    vec![
        small(effort, reference),
        large(effort, reference, false),
        large(effort, reference, true),
        progress(effort),
        eras(effort),
        sse(effort),
        rest(effort),
    ]
}

fn base(reference: Option<&Program>) -> Vec<Subject> {
    let mut subjects = vec![Subject::new(DIRECT, Program::Direct), Subject::new(BARE, Program::Bare)];
    subjects.extend(reference.map(|program| Subject::new(REFERENCE, program.clone())));
    subjects.push(Subject::new(OURS, Program::Stdio));
    subjects
}

pub(super) fn other(other: Other) -> Subject {
    Subject::new(other.as_str(), Program::Other(other))
}

fn small(effort: Effort, reference: Option<&Program>) -> Scenario {
    let mut subjects = base(reference);
    let others = [Other::RustProxy, Other::NpmProxy, Other::Supergateway, Other::PypiProxy];
    subjects.extend(others.map(other));
    let mut bars = vec![at_most("1 session, p50", 1.4, "p50_us", (OURS, "1 session")).of((BARE, "1 session"))];
    for point in ["16 sessions", "128 sessions"] {
        bars.push(at_least(&format!("{point}, calls/s"), 0.8, "calls_per_s", (OURS, point)).of((BARE, point)));
        let cpu = at_most(&format!("{point}, CPU µs per call"), 12.0, "cpu_us", (OURS, point));
        bars.push(cpu.or(at_most("", 1.7, "cpu_us", (OURS, point)).of((BARE, point))));
        bars.push(at_least(&format!("{point}, calls/s"), 4.0, "calls_per_s", (OURS, point)).of_fastest_other(point));
        if reference.is_some() {
            let what = format!("our bare bridge, {point}, calls/s");
            bars.push(at_least(&what, 0.95, "calls_per_s", (BARE, point)).of((REFERENCE, point)));
        }
    }
    Scenario {
        name: "bridge",
        title: "Bridge: small calls",
        about: "One server on pipes that all sessions share, behind streamable HTTP with sessions; `tools/call` with a text of 32 bytes.",
        subjects,
        points: [1, 16, 128].map(|sessions| closed(effort, sessions, Call::default())).into(),
        bars,
    }
}

fn large(effort: Effort, reference: Option<&Program>, escaped: bool) -> Scenario {
    let points = [1, 16].map(|sessions| closed(effort, sessions, Call { size: MIB, escaped, ..Call::default() }));
    let mut bars = Vec::new();
    for (point, in_flight) in [("1 session", 1.0), ("16 sessions", 16.0)] {
        if !escaped {
            bars.push(at_least(&format!("{point}, calls/s"), 1.4, "calls_per_s", (OURS, point)).of((BARE, point)));
        }
        let what = format!("{point}, memory above the start, MiB");
        bars.push(at_most(&what, 3.0 * in_flight, "grown_mib", (OURS, point)));
    }
    let mut subjects = base(reference);
    subjects.extend([Other::RustProxy, Other::NpmProxy, Other::PypiProxy].map(other));
    Scenario {
        name: if escaped { "large-escaped" } else { "large-plain" },
        title: if escaped { "Bridge: results of 1 MiB full of escapes" } else { "Bridge: results of 1 MiB" },
        about: if escaped {
            "As before, but the text is JSON, so that there is an escape every few bytes."
        } else {
            "The server adds 1 MiB of text without escapes. The bare bridges leave the pipes as the system makes them."
        },
        subjects,
        points: points.into(),
        bars,
    }
}

fn progress(effort: Effort) -> Scenario {
    let mut subjects = vec![Subject::new(DIRECT, Program::Direct), Subject::new(OURS, Program::Stdio)];
    subjects.extend([Other::RustProxy, Other::NpmProxy, Other::PypiProxy].map(other));
    let point = "4 sessions";
    Scenario {
        name: "progress",
        title: "Bridge: ten progress notes per call",
        about: "The notes come on the stream of the call, before its answer; who delivers none does less.",
        subjects,
        points: vec![closed(effort, 4, Call { notes: 10, ..Call::default() })],
        bars: vec![
            at_least("calls/s", 0.6, "calls_per_s", (OURS, point)).of((DIRECT, point)),
            at_least("notes seen per call", 10.0, "notes", (OURS, point)),
        ],
    }
}

fn eras(effort: Effort) -> Scenario {
    let point = "16 sessions";
    let subject = |client: Face, is_modern: bool| {
        let era = |modern| if modern { "modern" } else { "legacy" };
        let name = format!("{} client, {} server", era(client == Face::Modern), era(is_modern));
        let subject = Subject::new(&name, Program::Stdio).face(client);
        if is_modern { subject.modern() } else { subject }
    };
    let (legacy, modern) = ("legacy client, legacy server", "modern client, modern server");
    let calls = |what: &str, limit, who: &str, of: &str| -> Bar {
        at_least(what, limit, "calls_per_s", (who, point)).of((of, point))
    };
    Scenario {
        name: "eras",
        title: "Bridge: eras",
        about: "mcp-stdio between clients and servers of both eras; small calls.",
        subjects: [(Face::Legacy, false), (Face::Modern, true), (Face::Modern, false), (Face::Legacy, true)]
            .map(|(client, is_modern)| subject(client, is_modern))
            .into(),
        points: vec![closed(effort, 16, Call::default())],
        bars: vec![
            calls("modern throughout, calls/s", 0.9, modern, legacy),
            calls("modern client of a legacy server, calls/s", 0.6, "modern client, legacy server", legacy),
            calls("legacy client of a modern server, calls/s", 0.6, "legacy client, modern server", modern),
        ],
    }
}

fn sse(effort: Effort) -> Scenario {
    let (point, sse) = ("16 sessions", "mcp-stdio, HTTP+SSE");
    let mut subjects = vec![Subject::new(OURS, Program::Stdio), Subject::new(sse, Program::Stdio).face(Face::Sse)];
    subjects.extend([Other::NpmProxy, Other::PypiProxy].map(|kind| other(kind).face(Face::Sse)));
    Scenario {
        name: "sse",
        title: "Bridge: HTTP+SSE of 2024-11-05",
        about: "The first row is streamable HTTP, the others are HTTP+SSE; small calls.",
        subjects,
        points: vec![closed(effort, 16, Call::default())],
        bars: vec![at_least("calls/s", 0.6, "calls_per_s", (sse, point)).of((OURS, point))],
    }
}

fn rest(effort: Effort) -> Scenario {
    let point = "16 sessions";
    let rest = "mcp-rest";
    Scenario {
        name: "rest",
        title: "REST",
        about: "A tool of a server on pipes is executed over REST; small calls. The first row is the bridge.",
        subjects: vec![
            Subject::new(OURS, Program::Stdio),
            Subject::new(rest, Program::Rest),
            other(Other::Mcpo).face(Face::Rest),
        ],
        points: [1, 16].map(|sessions| closed(effort, sessions, Call::default())).into(),
        bars: vec![at_least("calls/s", 0.6, "calls_per_s", (rest, point)).of((OURS, point))],
    }
}
