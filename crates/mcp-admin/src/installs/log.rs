//! What an install says, kept for those who come later.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
    time::SystemTime,
};

use tokio::sync::watch;

/// Bytes that a piece costs besides its text.
const OVERHEAD: usize = 64;

/// Who says something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Source {
    /// The proxy.
    Info,
    /// A command, on its stdout.
    Stdout,
    /// A command, on its stderr.
    Stderr,
}

/// A piece of what is said: a whole message of ours, or some text of a command, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Said {
    /// When.
    pub(crate) at: SystemTime,
    /// Who.
    pub(crate) source: Source,
    /// What; what was no UTF-8 is replaced.
    pub(crate) text: String,
}

/// The newest pieces, up to a number of bytes.
#[derive(Debug)]
pub(crate) struct Log {
    most: usize,
    kept: Mutex<Kept>,
    /// Changes whenever there is something new.
    news: watch::Sender<()>,
}

#[derive(Debug, Default)]
struct Kept {
    pieces: VecDeque<Said>,
    bytes: usize,
    /// Pieces that were dropped to make room: the number of the first one kept.
    dropped: usize,
    ended: bool,
}

impl Log {
    /// Keeps up to `most` bytes.
    pub(super) fn new(most: usize) -> Self {
        Self { most, kept: Mutex::default(), news: watch::Sender::new(()) }
    }

    /// Adds a message of ours.
    pub(super) fn info(&self, text: impl Into<String>) {
        self.say(Source::Info, text.into());
    }

    /// Adds a piece.
    pub(super) fn say(&self, source: Source, text: String) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.bytes += text.len() + OVERHEAD;
        kept.pieces.push_back(Said { at: SystemTime::now(), source, text });
        while self.most < kept.bytes && 1 < kept.pieces.len() {
            let Some(oldest) = kept.pieces.pop_front() else { break };
            kept.bytes -= oldest.text.len() + OVERHEAD;
            kept.dropped += 1;
        }
        drop(kept);
        self.news.send_replace(());
    }

    /// Nothing more will be said.
    pub(super) fn end(&self) {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).ended = true;
        self.news.send_replace(());
    }
}

/// One who reads along, from the first piece that is kept. It never slows the install down: what it is too late for is left
/// out, and said to be.
#[derive(Debug)]
pub(crate) struct Watcher {
    log: Arc<Log>,
    next: usize,
    news: watch::Receiver<()>,
}

/// What there is to read now.
enum Now {
    Said(Said),
    Ended,
    Nothing,
}

impl Watcher {
    pub(super) fn new(log: Arc<Log>) -> Self {
        let news = log.news.subscribe();
        Self { log, next: 0, news }
    }

    /// The next piece; `None` once the install is over.
    ///
    /// # Cancel safety
    ///
    /// Safe: no piece is lost.
    pub(crate) async fn next(&mut self) -> Option<Said> {
        loop {
            match self.look() {
                Now::Said(said) => return Some(said),
                Now::Ended => return None,
                Now::Nothing => {}
            }
            // The log holds the sender, so it cannot be gone.
            let _ = self.news.changed().await;
        }
    }

    fn look(&mut self) -> Now {
        self.news.borrow_and_update();
        let kept = self.log.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if self.next < kept.dropped {
            let missed = kept.dropped - self.next;
            self.next = kept.dropped;
            let text = format!("({missed} earlier pieces of the output were dropped to save memory)");
            return Now::Said(Said { at: SystemTime::now(), source: Source::Info, text });
        }
        let piece = kept.pieces.get(self.next - kept.dropped).cloned();
        match piece {
            Some(piece) => {
                self.next += 1;
                Now::Said(piece)
            }
            None if kept.ended => Now::Ended,
            None => Now::Nothing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_late_watcher_gets_what_is_kept_and_is_told_of_the_rest() {
        let log = Arc::new(Log::new(3 * (OVERHEAD + 1)));
        let mut early = Watcher::new(Arc::clone(&log));
        for text in ["a", "b", "c", "d", "e"] {
            log.say(Source::Stdout, text.to_owned());
        }
        let mut late = Watcher::new(Arc::clone(&log));
        log.end();
        for watcher in [&mut early, &mut late] {
            let mut texts = Vec::new();
            while let Some(said) = watcher.next().await {
                texts.push(said.text);
            }
            assert_eq!(texts, ["(2 earlier pieces of the output were dropped to save memory)", "c", "d", "e"]);
        }
    }

    #[tokio::test]
    async fn one_piece_is_kept_however_long() {
        let log = Arc::new(Log::new(10));
        log.info("longer than that");
        log.end();
        assert_eq!(Watcher::new(log).next().await.unwrap().text, "longer than that");
    }

    #[tokio::test]
    async fn a_watcher_waits_for_news() {
        let log = Arc::new(Log::new(1000));
        let mut watcher = Watcher::new(Arc::clone(&log));
        let (said, ()) = tokio::join!(watcher.next(), async { log.info("now") });
        assert_eq!(said.unwrap().text, "now");
    }
}
