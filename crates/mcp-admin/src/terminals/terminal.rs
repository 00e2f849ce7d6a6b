//! One terminal as it is shared: what was shown, who looks, what is typed.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use tokio::{
    sync::{mpsc, watch},
    time::{Instant, sleep_until, timeout},
};
use tokio_util::sync::CancellationToken;

use super::{Size, TerminalInfo, TerminalLimits, scrollback::Scrollback};

/// Pieces of input that wait for the program; each is a message of the browser, so at most 64 KiB.
const TYPED_AHEAD: usize = 16;

/// How a shell has ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub(crate) struct Exit {
    /// Its exit code, if it has ended by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) code: Option<i32>,
    /// The signal that has ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) signal: Option<i32>,
}

/// Why somebody does not look at a terminal any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gone {
    /// Somebody else does.
    TakenOver,
    /// The connection took nothing for too long.
    TooSlow,
}

/// What is shared of a terminal.
#[derive(Debug)]
pub(super) struct Terminal {
    id: String,
    pid: u32,
    since: SystemTime,
    title: String,
    state: Mutex<State>,
    /// Changes when there is something new to see.
    news: watch::Sender<()>,
    /// Changes when somebody has seen something.
    seen: watch::Sender<()>,
    size: watch::Sender<Size>,
    typed: mpsc::Sender<Bytes>,
    stop: CancellationToken,
    ended: CancellationToken,
}

/// The ends that the program's side takes.
pub(super) struct Keyboard {
    pub(super) typed: mpsc::Receiver<Bytes>,
    pub(super) size: watch::Receiver<Size>,
}

#[derive(Debug)]
struct State {
    scrollback: Scrollback,
    active: Instant,
    active_at: SystemTime,
    /// The number of the attachment that counts, and what ended it.
    newest: u64,
    gone: Option<Gone>,
    attached: bool,
    /// Up to where it has taken the output.
    taken: u64,
    exit: Option<Exit>,
}

impl State {
    fn touch(&mut self) {
        (self.active, self.active_at) = (Instant::now(), SystemTime::now());
    }
}

impl Terminal {
    pub(super) fn new(
        id: &str,
        pid: u32,
        title: String,
        size: Size,
        limits: TerminalLimits,
        stop: CancellationToken,
    ) -> (Arc<Self>, Keyboard) {
        let (typed, receiver) = mpsc::channel(TYPED_AHEAD);
        let (size, sizes) = watch::channel(size);
        let state = State {
            scrollback: Scrollback::new(limits.scrollback),
            active: Instant::now(),
            active_at: SystemTime::now(),
            newest: 0,
            gone: None,
            attached: false,
            taken: 0,
            exit: None,
        };
        let terminal = Self {
            id: id.to_owned(),
            pid,
            since: SystemTime::now(),
            title,
            state: Mutex::new(state),
            news: watch::Sender::new(()),
            seen: watch::Sender::new(()),
            size,
            typed,
            stop,
            ended: CancellationToken::new(),
        };
        (Arc::new(terminal), Keyboard { typed: receiver, size: sizes })
    }

    pub(super) fn info(&self) -> TerminalInfo {
        let state = self.state();
        TerminalInfo {
            id: self.id.clone(),
            pid: self.pid,
            since: self.since,
            last_activity: state.active_at,
            size: *self.size.borrow(),
            title: self.title.clone(),
            attached: state.attached,
        }
    }

    /// Adds what the program shows.
    pub(super) fn show(&self, bytes: &[u8]) {
        let mut state = self.state();
        state.scrollback.push(bytes);
        state.touch();
        drop(state);
        self.news.send_replace(());
    }

    /// Waits while somebody looks who is far behind; who takes nothing for `patience` is looked after no longer.
    pub(super) async fn room(&self, patience: Duration, far: u64) {
        let mut seen = self.seen.subscribe();
        loop {
            seen.borrow_and_update();
            {
                let state = self.state();
                if !state.attached || state.scrollback.end() - state.taken <= far {
                    return;
                }
            }
            if timeout(patience, seen.changed()).await.is_err() {
                let mut state = self.state();
                (state.attached, state.gone) = (false, Some(Gone::TooSlow));
                drop(state);
                self.news.send_replace(());
                return;
            }
        }
    }

    /// Resolves when nothing was typed or shown for so long.
    pub(super) async fn idle(&self, idle: Duration) {
        loop {
            let until = self.state().active + idle;
            if until <= Instant::now() {
                return;
            }
            sleep_until(until).await;
        }
    }

    /// Asks it to end.
    pub(super) fn stop(&self) {
        self.stop.cancel();
    }

    /// Resolves when it has been asked to.
    pub(super) async fn stopped(&self) {
        self.stop.cancelled().await;
    }

    /// It has ended.
    pub(super) fn finish(&self, exit: Exit) {
        self.state().exit = Some(exit);
        self.ended.cancel();
        self.news.send_replace(());
    }

    /// Resolves when it has.
    pub(super) async fn ended(&self) {
        self.ended.cancelled().await;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Somebody who looks at a terminal. Dropping it lets the terminal run on.
#[derive(Debug)]
pub(crate) struct Attachment {
    hands: Hands,
    /// Up to where the output was given out.
    at: u64,
    /// How much of it was given to somebody before.
    again: u64,
    news: watch::Receiver<()>,
}

/// What happens next on a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// Something is shown; first of all what was before.
    Output(Bytes),
    /// The shell has ended, and everything was shown.
    Exit(Exit),
    /// It is somebody else's.
    Gone(Gone),
}

impl Attachment {
    pub(super) fn new(terminal: &Arc<Terminal>) -> Self {
        let news = terminal.news.subscribe();
        let mut state = terminal.state();
        state.newest += 1;
        let at = state.scrollback.beginning();
        let again = state.taken.saturating_sub(at);
        (state.attached, state.gone, state.taken) = (true, None, at);
        state.touch();
        let number = state.newest;
        drop(state);
        // Who had it before finds out, and the program need not wait for them.
        terminal.news.send_replace(());
        terminal.seen.send_replace(());
        Self { hands: Hands { terminal: Arc::clone(terminal), number }, at, again, news }
    }

    /// How many bytes come first that somebody has been shown before.
    pub(super) fn again(&self) -> u64 {
        self.again
    }

    /// To type with while [`next`](Self::next) is awaited.
    pub(super) fn hands(&self) -> Hands {
        self.hands.clone()
    }

    /// What happens next. What it gave before counts as delivered by then.
    ///
    /// # Cancel safety
    ///
    /// Safe: nothing is lost.
    pub(crate) async fn next(&mut self) -> Next {
        let terminal = Arc::clone(&self.hands.terminal);
        {
            let mut state = terminal.state();
            if state.newest == self.hands.number {
                state.taken = self.at;
            }
        }
        terminal.seen.send_replace(());
        loop {
            self.news.borrow_and_update();
            if let Some(next) = self.look() {
                return next;
            }
            // The terminal holds the sender, so it cannot be gone.
            let _ = self.news.changed().await;
        }
    }

    fn look(&mut self) -> Option<Next> {
        let state = self.hands.terminal.state();
        if let Some(gone) = self.hands.gone(&state) {
            return Some(Next::Gone(gone));
        }
        match state.scrollback.read(self.at) {
            None => Some(Next::Gone(Gone::TooSlow)),
            Some(bytes) if bytes.is_empty() => state.exit.map(Next::Exit),
            Some(bytes) => {
                self.at += bytes.len() as u64;
                Some(Next::Output(bytes))
            }
        }
    }
}

impl Drop for Attachment {
    fn drop(&mut self) {
        let mut state = self.hands.terminal.state();
        if state.newest == self.hands.number {
            state.attached = false;
        }
        drop(state);
        self.hands.terminal.seen.send_replace(());
    }
}

/// What one does to a terminal.
#[derive(Clone, Debug)]
pub(super) struct Hands {
    terminal: Arc<Terminal>,
    number: u64,
}

impl Hands {
    /// Types. It waits while the program has much to read already.
    ///
    /// # Cancel safety
    ///
    /// Safe: either all is typed or nothing.
    pub(super) async fn type_in(&self, bytes: Bytes) {
        self.terminal.state().touch();
        // Without a receiver the program has ended, as is told to who looks.
        let _ = self.terminal.typed.send(bytes).await;
    }

    /// Makes the terminal as large as the window.
    pub(super) fn resize(&self, size: Size) {
        self.terminal.state().touch();
        self.terminal.size.send_replace(size.bounded());
    }

    /// Resolves when somebody else has the terminal, or this one was too slow.
    ///
    /// # Cancel safety
    ///
    /// Safe: it only watches.
    pub(super) async fn lost(&self) -> Gone {
        let mut news = self.terminal.news.subscribe();
        loop {
            news.borrow_and_update();
            if let Some(gone) = self.gone(&self.terminal.state()) {
                return gone;
            }
            let _ = news.changed().await;
        }
    }

    fn gone(&self, state: &State) -> Option<Gone> {
        if state.newest == self.number { state.gone } else { Some(Gone::TakenOver) }
    }
}
