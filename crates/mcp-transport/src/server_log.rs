//! What a server says of itself outside of the wire, and what becomes of it, for people who look for a reason.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use tokio::sync::watch;

/// The last lines of one server: of all its instances, also of those that have ended. Clones are handles to the same log.
#[derive(Clone, Debug)]
pub struct ServerLog(Arc<Mutex<Arc<Shared>>>);

/// How much a [`ServerLog`] keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLimits {
    /// Lines. Default: 500.
    pub lines: usize,
    /// Bytes of all lines together. Default: 256 KiB.
    pub bytes: usize,
}

/// A line of a server's log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// Which one it is: the first has 1, the next one more. Some may be missing before the oldest that is kept.
    pub number: u64,
    /// When it was written.
    pub at: SystemTime,
    /// Who says it.
    pub source: LogSource,
    /// Without a line end.
    pub text: Arc<str>,
}

/// Who says a line of a server's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// The server, on its stderr.
    Stderr,
    /// The proxy, of the server: that it has started, ended, or is started again.
    State,
}

#[derive(Debug)]
struct Shared {
    ring: Mutex<Ring>,
    /// The number of the last line.
    last: watch::Sender<u64>,
    limits: LogLimits,
}

#[derive(Debug, Default)]
struct Ring {
    lines: VecDeque<LogLine>,
    bytes: usize,
}

impl Default for LogLimits {
    fn default() -> Self {
        Self { lines: 500, bytes: 256 << 10 }
    }
}

impl ServerLog {
    /// An empty log with these bounds.
    #[must_use]
    pub fn new(limits: LogLimits) -> Self {
        let shared = Shared { ring: Mutex::default(), last: watch::Sender::new(0), limits };
        Self(Arc::new(Mutex::new(Arc::new(shared))))
    }

    /// Adds a line; the oldest give way. What is longer than all bytes there are is not kept.
    pub fn push(&self, source: LogSource, text: impl Into<Arc<str>>) {
        let shared = self.shared();
        let mut ring = lock(&shared.ring);
        let number = *shared.last.borrow() + 1;
        ring.push(LogLine { number, at: SystemTime::now(), source, text: text.into() }, &shared.limits);
        shared.last.send_replace(number);
    }

    /// The lines that are kept, oldest first.
    #[must_use]
    pub fn lines(&self) -> Vec<LogLine> {
        self.after(0)
    }

    /// Those with a greater number than `number`, oldest first.
    #[must_use]
    pub fn after(&self, number: u64) -> Vec<LogLine> {
        let shared = self.shared();
        let ring = lock(&shared.ring);
        let from = ring.lines.partition_point(|line| line.number <= number);
        ring.lines.range(from..).cloned().collect()
    }

    /// The number of the last line, as it changes. With [`after`](Self::after) nothing that is kept is missed.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.shared().last.subscribe()
    }

    /// Makes this log, and all handles to it, the same as `older`: another configuration of one server goes on where the
    /// one before has left off. What was written to this one before is forgotten.
    pub fn continue_as(&self, older: &Self) {
        let shared = older.shared();
        *lock(&self.0) = shared;
    }

    fn shared(&self) -> Arc<Shared> {
        Arc::clone(&lock(&self.0))
    }
}

impl Default for ServerLog {
    fn default() -> Self {
        Self::new(LogLimits::default())
    }
}

impl Ring {
    fn push(&mut self, line: LogLine, limits: &LogLimits) {
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while limits.lines < self.lines.len() || limits.bytes < self.bytes {
            let Some(oldest) = self.lines.pop_front() else { return };
            self.bytes -= oldest.text.len();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(log: &ServerLog) -> Vec<Arc<str>> {
        log.lines().into_iter().map(|line| line.text).collect()
    }

    #[test]
    fn so_many_lines_and_bytes_are_kept_and_no_more() {
        let log = ServerLog::new(LogLimits { lines: 3, bytes: 10 });
        for text in ["one", "two", "3", "4"] {
            log.push(LogSource::Stderr, text);
        }
        assert_eq!(texts(&log), ["two".into(), "3".into(), Arc::from("4")]);
        log.push(LogSource::State, "8 bytes.");
        assert_eq!(texts(&log), ["4".into(), Arc::from("8 bytes.")]);
        log.push(LogSource::Stderr, "eleven byte");
        assert!(log.lines().is_empty());
        log.push(LogSource::Stderr, "x");
        assert_eq!(log.lines()[0].number, 7);
    }

    #[test]
    fn the_defaults_hold() {
        let log = ServerLog::default();
        for _ in 0..=500 {
            log.push(LogSource::Stderr, "x");
        }
        assert_eq!(log.lines().len(), 500);
        log.push(LogSource::Stderr, "y".repeat(256 << 10));
        assert_eq!(log.lines().len(), 1);
    }

    #[test]
    fn whoever_follows_misses_nothing() {
        let log = ServerLog::default();
        let mut last = log.watch();
        log.push(LogSource::Stderr, "a");
        log.push(LogSource::Stderr, "b");
        assert!(last.has_changed().unwrap());
        let seen = log.after(0).last().unwrap().number;
        assert_eq!((seen, *last.borrow_and_update()), (2, 2));
        log.push(LogSource::Stderr, "c");
        assert!(log.after(seen).iter().map(|line| &*line.text).eq(["c"]));
    }

    #[test]
    fn one_log_goes_on_as_another_with_all_its_handles() {
        let (older, newer) = (ServerLog::default(), ServerLog::default());
        let (handle, watched) = (newer.clone(), older.watch());
        older.push(LogSource::Stderr, "before");
        newer.continue_as(&older);
        handle.push(LogSource::Stderr, "after");
        assert_eq!(texts(&older), ["before".into(), Arc::from("after")]);
        assert_eq!((texts(&newer), *watched.borrow()), (texts(&older), 2));
        newer.continue_as(&older);
        assert_eq!(newer.lines().len(), 2, "it is the same already");
    }
}
