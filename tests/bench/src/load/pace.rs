//! When calls are made: each after the one before it, or at a fixed rate whatever happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::mpsc;

use super::{Call, Done, Histogram, Job, Session, Target};

#[derive(Clone, Copy, Debug)]
pub(crate) enum Pace {
    /// Every session calls again as soon as it is answered.
    Closed,
    /// So many calls per second, all sessions together. A call's time counts from when it should have begun, so that a server
    /// which stalls is not spared the calls of that time.
    Open(u32),
    /// Every session makes so many calls, however long that takes.
    Count(u64),
}

/// What goes on beside the load.
#[derive(Clone, Debug)]
pub(crate) enum Noise {
    /// A server that tells so many things per second.
    Flood { tool: String, rate: u32 },
    /// A client that asks for large results, one after the other.
    Calls(Call),
}

/// Calls that wait for their session.
const QUEUE: usize = 4096;

/// When what is measured begins and ends.
#[derive(Clone, Copy, Debug)]
struct Window {
    from: Instant,
    to: Instant,
}

/// Runs the load, beside noise that has a target of its own; `mark` is called as the time that counts begins and as it ends.
pub(crate) async fn run(
    target: &Target,
    job: &Job,
    noise: Option<(&Noise, &Target)>,
    mut mark: impl FnMut(),
) -> Result<Done, String> {
    let stop = Arc::new(AtomicBool::new(false));
    let mut sessions = Vec::new();
    for number in 0..job.sessions {
        sessions.push(Session::open(target, &job.call, number).await.map_err(|error| format!("a session: {error}"))?);
    }
    let beside = make_noise(noise, job.sessions, &stop).await.map_err(|error| format!("the noise: {error}"))?;
    let is_counted = matches!(job.pace, Pace::Count(_));
    let began = Instant::now();
    if is_counted {
        mark();
    }
    let from = if is_counted { began } else { began + job.warm };
    let window = Window { from, to: if is_counted { began + FOREVER } else { from + job.time } };
    let tasks: Vec<_> = match job.pace {
        Pace::Closed => {
            sessions.into_iter().map(|session| spawn(session, window, u64::MAX, job.call.is_list)).collect()
        }
        Pace::Count(count) => {
            sessions.into_iter().map(|session| spawn(session, window, count, job.call.is_list)).collect()
        }
        Pace::Open(rate) => open(sessions, rate, window, job.call.is_list),
    };
    if !is_counted {
        tokio::time::sleep_until(window.from.into()).await;
        mark();
        tokio::time::sleep_until(window.to.into()).await;
        mark();
    }
    let mut done = Done { calls: 0, errors: 0, error: None, notes: 0, time: job.time, latency: Histogram::new() };
    for task in tasks {
        let ended = tokio::time::timeout_at((window.to + PATIENCE).into(), task).await;
        let part = ended.map_err(|_| format!("a call is without an answer for {PATIENCE:?}"))?;
        let (latency, notes, error) = part.map_err(|error| error.to_string())?;
        done.latency.add(&latency);
        done.notes += notes;
        done.errors += u64::from(error.is_some());
        done.error = done.error.or(error);
    }
    if is_counted {
        mark();
        done.time = began.elapsed();
    }
    done.calls = done.latency.count();
    stop.store(true, Ordering::Relaxed);
    if let Some(beside) = beside {
        beside.await.map_err(|error| error.to_string())?.map_err(|error| format!("the noise: {error}"))?;
    }
    Ok(done)
}

/// As long may a load of a fixed number of calls take.
const FOREVER: Duration = Duration::from_mins(5);
/// As long is a call waited for after the end.
const PATIENCE: Duration = Duration::from_secs(20);

type Part = (Histogram, u64, Option<String>);

fn spawn(session: Session, window: Window, count: u64, is_list: bool) -> tokio::task::JoinHandle<Part> {
    tokio::spawn(closed(session, window, count, is_list))
}

async fn closed(mut session: Session, window: Window, count: u64, is_list: bool) -> Part {
    let mut latency = Histogram::new();
    let mut notes = 0;
    if let Err(error) = session.renew().await {
        return (latency, notes, Some(error.to_string()));
    }
    for number in 0..count {
        let began = Instant::now();
        if began >= window.to {
            break;
        }
        let before = session.notes;
        if let Err(error) = session.call(number, is_list).await {
            return (latency, notes, Some(error.to_string()));
        }
        let ended = Instant::now();
        if began >= window.from && ended <= window.to {
            latency.record(ended - began);
            notes += session.notes - before;
        }
    }
    (latency, notes, None)
}

fn open(sessions: Vec<Session>, rate: u32, window: Window, is_list: bool) -> Vec<tokio::task::JoinHandle<Part>> {
    let mut queues = Vec::new();
    let tasks = sessions.into_iter().map(|mut session| {
        let (queue, mut starts) = mpsc::channel::<Instant>(QUEUE);
        queues.push(queue);
        tokio::spawn(async move {
            let mut latency = Histogram::new();
            let mut number = 0;
            while let Some(start) = starts.recv().await {
                if let Err(error) = session.call(number, is_list).await {
                    return (latency, session.notes, Some(error.to_string()));
                }
                number += 1;
                if start >= window.from {
                    latency.record(start.elapsed());
                }
            }
            (latency, session.notes, None)
        })
    });
    let tasks = tasks.collect();
    // The timer of the runtime counts in milliseconds, which is too coarse.
    thread::spawn(move || {
        let (first, step) = (Instant::now(), Duration::from_secs(1) / rate);
        for at in 0.. {
            let start = first + step * at;
            if start >= window.to {
                return;
            }
            while let Some(left) = start.checked_duration_since(Instant::now()).filter(|left| !left.is_zero()) {
                thread::park_timeout(left);
            }
            let queue = &queues[usize::try_from(at).unwrap_or_default() % queues.len()];
            if queue.try_send(start).is_err() {
                return;
            }
        }
    });
    tasks
}

type Beside = Option<tokio::task::JoinHandle<std::io::Result<()>>>;

async fn make_noise(
    noise: Option<(&Noise, &Target)>,
    number: usize,
    stop: &Arc<AtomicBool>,
) -> std::io::Result<Beside> {
    let stop = Arc::clone(stop);
    Ok(match noise {
        None => None,
        Some((Noise::Flood { tool, rate }, target)) => {
            let call = Call { tools: vec![tool.clone()], ..Call::default() };
            let mut session = Session::open(target, &call, number).await?;
            session.ask(tool, &format!(r#"{{"text":"","flood":{rate}}}"#)).await?;
            let tool = tool.clone();
            Some(tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
                session.ask(&tool, r#"{"text":"","flood":0}"#).await
            }))
        }
        Some((Noise::Calls(call), target)) => {
            let mut session = Session::open(target, call, number).await?;
            Some(tokio::spawn(async move {
                for number in 0.. {
                    if stop.load(Ordering::Relaxed) {
                        break;
                    }
                    session.call(number, false).await?;
                }
                Ok(())
            }))
        }
    })
}
