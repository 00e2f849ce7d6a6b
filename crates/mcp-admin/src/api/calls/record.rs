//! What is known of one call: everything that was said, and the questions that are open.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use bytes::Bytes;
use mcp_jsonrpc::{Id, Message};
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

/// Bytes of events that are kept of one call. What comes after them is counted, and not kept, until the end.
const BYTES: usize = 8 << 20;
/// Events that are kept of one call.
const EVENTS: usize = 2000;
/// Questions that may be open at a time.
const QUESTIONS: usize = 32;

/// What is known of one call.
#[derive(Debug)]
pub(super) struct Record {
    known: Mutex<Known>,
    /// How many events there are.
    news: watch::Sender<usize>,
    answers: mpsc::Sender<Message>,
    /// Taken by whoever passes the answers on.
    pub(super) said: Mutex<Option<mpsc::Receiver<Message>>>,
    cancelled: CancellationToken,
}

#[derive(Debug, Default)]
struct Known {
    events: Vec<Bytes>,
    bytes: usize,
    questions: HashMap<Box<str>, Id>,
    is_over: bool,
}

impl Default for Record {
    fn default() -> Self {
        let (answers, said) = mpsc::channel(2 * QUESTIONS);
        Self {
            known: Mutex::default(),
            news: watch::Sender::new(0),
            answers,
            said: Mutex::new(Some(said)),
            cancelled: CancellationToken::new(),
        }
    }
}

impl Record {
    /// Adds an event, if there is room.
    pub(super) fn add(&self, event: Bytes) {
        let mut known = self.known();
        if known.bytes + event.len() <= BYTES && known.events.len() < EVENTS {
            known.bytes += event.len();
            known.events.push(event);
        }
        self.news.send_replace(known.events.len());
    }

    /// Adds the last event.
    pub(super) fn end(&self, event: Bytes) {
        let mut known = self.known();
        known.is_over = true;
        known.questions.clear();
        known.events.push(event);
        self.news.send_replace(known.events.len());
    }

    pub(super) fn is_over(&self) -> bool {
        self.known().is_over
    }

    /// The events from the place `from` on, as soon as there are some; `None` after the last one.
    pub(super) async fn after(&self, from: usize) -> Option<Vec<Bytes>> {
        let mut news = self.news.subscribe();
        loop {
            {
                let known = self.known();
                if from < known.events.len() {
                    return Some(known.events[from..].to_vec());
                }
                if known.is_over {
                    return None;
                }
            }
            news.changed().await.ok()?;
        }
    }

    /// Opens a question; gives the key to answer it by, or `None` if too many are open.
    pub(super) fn question(&self, id: Id) -> Option<Box<str>> {
        let mut known = self.known();
        if QUESTIONS <= known.questions.len() {
            return None;
        }
        let key: Box<str> = id.as_str().trim_matches('"').into();
        known.questions.insert(key.clone(), id);
        Some(key)
    }

    /// Answers a question, with a result or an error as JSON text; says whether it was open.
    pub(super) fn answer(&self, key: &str, said: Result<&str, &str>) -> bool {
        let Some(id) = self.known().questions.remove(key) else { return false };
        let message = match said {
            Ok(result) => Message::response(&id, result),
            Err(error) => match Message::parse(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into()) {
                Ok(message) => message,
                Err(_) => return false,
            },
        };
        self.answers.try_send(message).is_ok()
    }

    pub(super) fn cancel(&self) {
        self.cancelled.cancel();
    }

    pub(super) async fn is_cancelled(&self) {
        self.cancelled.cancelled().await;
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
