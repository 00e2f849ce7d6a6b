//! What the server remembers between messages.

use std::{
    collections::{BTreeSet, HashMap},
    sync::mpsc::Sender,
};

use mcp_proxy_core::jsonrpc::Id;
use mcp_proxy_core::protocol::{SubscriptionFilter, code};

use super::{asker::Asker, call::Call, question::Question, refusal::Refusal};

/// Unfinished calls of one kind, and change streams; more are refused.
const MOST: usize = 64;

#[derive(Debug, Default)]
pub(super) struct State {
    /// The legacy client, after its handshake.
    pub(super) session: Option<Asker>,
    /// What `demo://counter` says.
    pub(super) counter: u64,
    /// The resources the legacy client wants to hear of.
    pub(super) subscribed: BTreeSet<String>,
    /// The change streams of modern clients, by the requests that opened them.
    streams: Vec<(Id, SubscriptionFilter)>,
    /// Calls with a thread; dropping the sender ends it.
    running: HashMap<Id, Sender<()>>,
    /// Calls that wait for an answer of the client, by the number of the question.
    asked: HashMap<u64, (Call, Question)>,
    questions: u64,
}

impl State {
    pub(super) fn has_batches(&self) -> bool {
        self.session.is_some_and(|session| session.revision.has_batches())
    }

    pub(super) fn is_in_flight(&self, id: &Id) -> bool {
        self.running.contains_key(id)
            || self.streams.iter().any(|(stream, _)| stream == id)
            || self.asked.values().any(|(call, _)| call.id == *id)
    }

    pub(super) fn begin(&mut self, id: &Id, stop: Sender<()>) -> Result<(), Refusal> {
        bounded(self.running.len())?;
        self.running.insert(id.clone(), stop);
        Ok(())
    }

    pub(super) fn finish(&mut self, id: &Id) {
        self.running.remove(id);
    }

    /// Notes that the answer to a question is awaited; gives the number of the question.
    pub(super) fn asks(&mut self, call: Call, question: Question) -> Result<u64, Refusal> {
        bounded(self.asked.len())?;
        self.questions += 1;
        self.asked.insert(self.questions, (call, question));
        Ok(self.questions)
    }

    pub(super) fn answered(&mut self, number: u64) -> Option<(Call, Question)> {
        self.asked.remove(&number)
    }

    pub(super) fn open(&mut self, id: &Id, filter: SubscriptionFilter) -> Result<(), Refusal> {
        bounded(self.streams.len())?;
        self.streams.push((id.clone(), filter));
        Ok(())
    }

    /// The change streams that want to hear of a resource.
    pub(super) fn streams_about<'a>(&'a self, uri: &'a str) -> impl Iterator<Item = &'a Id> {
        let wants = move |filter: &SubscriptionFilter| filter.resource_subscriptions.iter().any(|one| one == uri);
        self.streams.iter().filter(move |(_, filter)| wants(filter)).map(|(id, _)| id)
    }

    /// Ends what a request has begun; gives the question that was asked on its behalf, if one is open.
    pub(super) fn cancel(&mut self, id: &Id) -> Option<Id> {
        self.running.remove(id);
        self.streams.retain(|(stream, _)| stream != id);
        let number = self.asked.iter().find_map(|(number, (call, _))| (call.id == *id).then_some(*number))?;
        self.asked.remove(&number);
        Some(Id::from(number))
    }

    /// Ends everything; gives the change streams that are to be closed.
    pub(super) fn end(&mut self) -> Vec<Id> {
        self.running.clear();
        self.asked.clear();
        self.streams.drain(..).map(|(id, _)| id).collect()
    }
}

fn bounded(already: usize) -> Result<(), Refusal> {
    if already < MOST { Ok(()) } else { Err(Refusal::new(code::INTERNAL_ERROR, "too much at once; try again later")) }
}
