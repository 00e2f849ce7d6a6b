//! What is compared with what, under which load, and where it must come out.

use std::time::Duration;

use crate::bar::Bar;
use crate::load::{Call, Job, Noise, Pace};
use crate::subject::{Program, Subject};

mod bridge;
mod hub;
mod standing;

pub(crate) use bridge::REFERENCE;

/// Subjects that are measured in turn, within one run.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What one has to know to read the numbers.
    pub(crate) about: &'static str,
    pub(crate) subjects: Vec<Subject>,
    pub(crate) points: Vec<Point>,
    pub(crate) bars: Vec<Bar>,
}

#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) name: String,
    pub(crate) work: Work,
}

#[derive(Clone, Debug)]
pub(crate) enum Work {
    Load {
        job: Job,
        noise: Option<Noise>,
    },
    /// Sessions that do nothing, with an open stream or without.
    Idle {
        count: usize,
        stream: bool,
        time: Duration,
    },
    /// The start itself.
    Start,
}

/// How thorough a run is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Effort {
    pub(crate) warm: Duration,
    pub(crate) time: Duration,
    /// How sessions call that wait for each answer.
    pub(crate) pace: Pace,
    pub(crate) rounds: usize,
    pub(crate) idle: usize,
}

impl Effort {
    pub(crate) const FULL: Self = Self {
        warm: Duration::from_millis(500),
        time: Duration::from_secs(2),
        pace: Pace::Closed,
        rounds: 3,
        idle: 10_000,
    };
    pub(crate) const QUICK: Self = Self {
        warm: Duration::from_millis(100),
        time: Duration::from_millis(500),
        pace: Pace::Closed,
        rounds: 1,
        idle: 500,
    };
    /// A few calls, however long they take: what is tried is whether it works.
    pub(crate) const SMOKE: Self = Self {
        warm: Duration::from_millis(20),
        time: Duration::from_millis(100),
        pace: Pace::Count(3),
        rounds: 1,
        idle: 20,
    };
}

/// Everything there is, with the other proxies and another bare bridge where wished.
pub(crate) fn all(effort: Effort, reference: Option<&Program>, with_others: bool) -> Vec<Scenario> {
    let parts = [bridge::all(effort, reference), hub::all(effort), standing::all(effort, reference)];
    let mut all = parts.concat();
    if !with_others {
        for scenario in &mut all {
            scenario.subjects.retain(|subject| !matches!(subject.program, Program::Other(_)));
        }
    }
    all
}

/// A load of so many sessions, each calling as soon as it is answered.
fn closed(effort: Effort, sessions: usize, call: Call) -> Point {
    let job = Job { sessions, call, pace: effort.pace, warm: effort.warm, time: effort.time };
    Point { name: name(sessions), work: Work::Load { job, noise: None } }
}

fn name(sessions: usize) -> String {
    if sessions == 1 { "1 session".to_owned() } else { format!("{sessions} sessions") }
}
