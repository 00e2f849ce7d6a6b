//! The ids in flight on one pipe. No I/O, no locks: the drivers own those, and time is a parameter.

use std::{
    collections::{HashMap, VecDeque},
    ops::Range,
    sync::Arc,
    time::{Duration, Instant},
};

use mcp_jsonrpc::{Id, Kind, Message, field};
use mcp_protocol::{CancelledParams, ProgressParams, meta, method, related_task_path, task_id};

use crate::{Label, Unlabelled};

/// The calls that wait for a response, under ids of our own.
///
/// Every id is ours and never used twice: its low bits name a slot, its high bits the slot's generation, so a late answer
/// cannot reach whoever has the slot now. The progress token and the subscription id of a call are its id too.
#[derive(Debug)]
pub(crate) struct InFlight<W> {
    slots: Vec<Slot<W>>,
    free: Vec<u32>,
    /// Calls that a server's request could belong to: those of methods during which a server asks.
    attributable: usize,
    /// How many calls there have been.
    calls: u64,
    /// Calls given up, oldest first, whose work may still go on at the server.
    ghosts: VecDeque<Ghost>,
    /// To which call a server's request went, until the call is over.
    asked: HashMap<Id, u64>,
    limit: usize,
}

#[derive(Debug)]
struct Slot<W> {
    generation: u32,
    state: State<W>,
}

#[derive(Debug)]
enum State<W> {
    Free,
    Waiting(Waiting<W>),
    Ghost,
}

#[derive(Debug)]
struct Waiting<W> {
    waiter: W,
    owner: Owner,
    /// Its place in the order of all calls.
    number: u64,
    label: Label,
    /// Whether a message that names no call could be this one's.
    is_attributable: bool,
    /// The task whose result it waits for, by which the server's requests of that task name it.
    task: Option<Box<str>>,
    /// Method `initialize`, which must not be cancelled.
    binding: bool,
}

#[derive(Debug)]
struct Ghost {
    key: u64,
    /// Whether it can still ask.
    is_attributable: bool,
    owner: Owner,
    since: Instant,
}

/// The session a call is of. Calls without one have nothing in common.
pub(crate) type Owner = Option<Arc<str>>;

/// Why a request was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unasked {
    /// As many calls are in flight as there may be.
    Full,
    /// It cannot have a name of ours.
    Unlabelled(Unlabelled),
}

/// Where a message that was read belongs.
#[derive(Debug)]
pub(crate) enum Delivery<W> {
    /// The response to a call, under the id the caller gave it.
    Response(W, Message),
    /// A notification or request that belongs to one call.
    Note(W, Message),
    /// A message that belongs to no call, or to no one call.
    Event(Message),
    /// The server has ended the stream of changes that this call opened.
    Over(W),
    /// A question that the engine answers itself; this is the answer.
    Answer(Message),
    /// Something whose call is over.
    Stale,
}

/// Twenty bits of slot leave room for a million calls in flight and keep ids exact in a double.
const SLOT_BITS: u32 = 20;
/// How long a cancelled call counts: a question may be on its way while the cancellation is. After that the call is not in
/// flight, and what is asked is another call's.
pub const GHOST_LIFE: Duration = Duration::from_millis(500);
const MAX_GHOSTS: usize = 1024;
/// How many questions of the server may wait for an answer; one more counts as belonging to no call.
const MAX_ASKED: usize = 1024;

impl<W: Clone> InFlight<W> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            attributable: 0,
            calls: 0,
            ghosts: VecDeque::new(),
            asked: HashMap::new(),
            limit: limit.min((1 << SLOT_BITS) - MAX_GHOSTS),
        }
    }

    /// How many calls wait for a response.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len() - self.ghosts.len()
    }

    /// Takes a request in; gives the key and the message to write.
    pub(crate) fn ask(&mut self, request: &Message, owner: Owner, waiter: W) -> Result<(u64, Message), Unasked> {
        if self.limit <= self.len() {
            return Err(Unasked::Full);
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: 0, state: State::Free });
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        });
        let entry = &mut self.slots[slot as usize];
        // Starts at one, because some servers take the id 0 for none.
        entry.generation = entry.generation.wrapping_add(1).max(1);
        let key = u64::from(entry.generation) << SLOT_BITS | u64::from(slot);
        let (label, sent) = Label::put_on(request, key).map_err(|unlabelled| {
            self.free.push(slot);
            Unasked::Unlabelled(unlabelled)
        })?;
        let name = request.method().unwrap_or_default();
        let binding = name == method::INITIALIZE;
        let is_attributable = method::may_interact(name);
        self.calls += 1;
        self.attributable += usize::from(is_attributable);
        let awaited = (name == method::TASKS_RESULT).then(|| request.params().and_then(|params| task_id(params).ok()));
        let task = awaited.flatten().map(|id| id.as_ref().into());
        entry.state =
            State::Waiting(Waiting { waiter, owner, number: self.calls, label, is_attributable, task, binding });
        Ok((key, sent))
    }

    /// Decides where a message that was read belongs.
    pub(crate) fn receive(&mut self, message: Message, now: impl FnOnce() -> Instant) -> Delivery<W> {
        match message.kind() {
            Kind::Response => match message.id().and_then(|id| id.as_u64()).and_then(|key| self.finish(key)) {
                Some(call) => match call.label.restore(message) {
                    Some(response) => Delivery::Response(call.waiter, response),
                    None => Delivery::Stale,
                },
                None => Delivery::Stale,
            },
            Kind::Notification => self.notification(message, now),
            Kind::Request if message.is_method(method::PING) => match message.id() {
                Some(id) => Delivery::Answer(Message::response(&id, "{}")),
                None => Delivery::Stale,
            },
            Kind::Request => match (self.call_of(&message, now), message.id()) {
                (Some(key), Some(id)) if self.asked.len() < MAX_ASKED => {
                    self.asked.insert(id, key);
                    self.note(key, message)
                }
                _ => Delivery::Event(message),
            },
        }
    }

    fn notification(&mut self, message: Message, now: impl FnOnce() -> Instant) -> Delivery<W> {
        if message.is_method(method::PROGRESS) {
            return self.progress(&message).unwrap_or(Delivery::Stale);
        }
        match message.method() {
            Some(method::CANCELLED) => {
                let asked = message.value(&CancelledParams::REQUEST_ID_PATH).and_then(Id::parse);
                match asked.as_ref().and_then(|id| self.asked.remove(id)) {
                    Some(key) => self.note(key, message),
                    None => match asked.and_then(|id| self.end_stream(id.as_u64()?)) {
                        Some(waiter) => Delivery::Over(waiter),
                        None => Delivery::Event(message),
                    },
                }
            }
            Some(method::MESSAGE) => match self.call_of(&message, now) {
                Some(key) => self.note(key, message),
                None => Delivery::Event(message),
            },
            _ => {
                let call = key_at(&message, &meta::SUBSCRIPTION_ID_PATH).and_then(|key| self.waiting(key));
                match call.map(|call| (call.waiter.clone(), call.label.restore(message.clone()))) {
                    Some((waiter, Some(note))) => Delivery::Note(waiter, note),
                    _ => Delivery::Event(message),
                }
            }
        }
    }

    /// The note for the call that its token names, if that wants it.
    fn progress(&self, note: &Message) -> Option<Delivery<W>> {
        let at = note.find(&ProgressParams::TOKEN_PATH).ok()??;
        let call = self.waiting(key(note, at.clone())?)?;
        Some(Delivery::Note(call.waiter.clone(), call.label.restore_progress(note, at)?))
    }

    /// Ends the wait of a call that opened a stream of changes: the only ones that a server may cancel, and where there is
    /// one pipe for everything that is how it ends them (2026-07-28, subscriptions).
    fn end_stream(&mut self, key: u64) -> Option<W> {
        self.waiting(key).filter(|call| call.label.listens())?;
        Some(self.finish(key)?.waiter)
    }

    /// Gives a call up; says whether the server must be told.
    pub(crate) fn cancel(&mut self, key: u64, now: Instant) -> bool {
        let Some(call) = self.take(key, State::Ghost) else { return false };
        let is_attributable = call.is_attributable;
        self.ghosts.push_back(Ghost { key, is_attributable, owner: call.owner, since: now });
        self.bury(now);
        !call.binding
    }

    /// Takes back a call that was never sent.
    pub(crate) fn withdraw(&mut self, key: u64) {
        if self.take(key, State::Free).is_some() {
            self.free.push(u32::try_from(key & ((1 << SLOT_BITS) - 1)).unwrap_or(u32::MAX));
        }
    }

    /// Notes that a server's request has its answer.
    pub(crate) fn answered(&mut self, asked: &Id) {
        self.asked.remove(asked);
    }

    /// Ends all calls.
    pub(crate) fn drain(&mut self) -> Vec<(u64, W)> {
        self.attributable = 0;
        self.free.clear();
        self.ghosts.clear();
        self.asked.clear();
        let slots = (0_u64..).zip(std::mem::take(&mut self.slots));
        let calls = slots.filter_map(|(at, slot)| match slot.state {
            State::Waiting(call) => Some((u64::from(slot.generation) << SLOT_BITS | at, call.waiter)),
            _ => None,
        });
        calls.collect()
    }

    fn note(&self, key: u64, message: Message) -> Delivery<W> {
        match self.waiting(key) {
            Some(call) => Delivery::Note(call.waiter.clone(), message),
            None => Delivery::Stale,
        }
    }

    /// The key of the call that a server's request or log message is given to. One that names its task is for whoever waits for
    /// the result of that task (2025-11-25, tasks), and for nobody else.
    fn call_of(&mut self, request: &Message, now: impl FnOnce() -> Instant) -> Option<u64> {
        let Some(named) = request.value(&related_task_path("params")) else { return self.likely_call(now) };
        let named = field::unescape(named)?;
        let mut waiting = (0u64..).zip(&self.slots).filter_map(|(slot, entry)| match &entry.state {
            State::Waiting(call) if call.task.as_deref() == Some(&*named) => {
                Some(u64::from(entry.generation) << SLOT_BITS | slot)
            }
            _ => None,
        });
        waiting.next()
    }

    /// The key of the call that a message without a name of its call is given to.
    ///
    /// All calls it could belong to, those given up included, must be of one client: then it reaches the right one, by
    /// that client's newest call. What could be another client's is given to nobody.
    fn likely_call(&mut self, now: impl FnOnce() -> Instant) -> Option<u64> {
        if self.attributable == 0 {
            return None;
        }
        if !self.ghosts.is_empty() {
            self.bury(now());
        }
        let waiting = || {
            (0u64..).zip(&self.slots).filter_map(|(slot, entry)| match &entry.state {
                State::Waiting(call) if call.is_attributable => {
                    Some((u64::from(entry.generation) << SLOT_BITS | slot, call))
                }
                _ => None,
            })
        };
        let (key, newest) = waiting().max_by_key(|(_, call)| call.number)?;
        let mut ghosts = self.ghosts.iter().filter(|ghost| ghost.is_attributable).peekable();
        let is_only = self.attributable == 1 && ghosts.peek().is_none();
        let same = |owner: &Owner| owner.is_some() && *owner == newest.owner;
        let is_one_clients = waiting().all(|(_, call)| same(&call.owner)) && ghosts.all(|ghost| same(&ghost.owner));
        (is_only || is_one_clients).then_some(key)
    }

    fn entry(&self, key: u64) -> Option<&Slot<W>> {
        let slot = usize::try_from(key & ((1 << SLOT_BITS) - 1)).ok()?;
        self.slots.get(slot).filter(|entry| u64::from(entry.generation) == key >> SLOT_BITS)
    }

    fn waiting(&self, key: u64) -> Option<&Waiting<W>> {
        match &self.entry(key)?.state {
            State::Waiting(call) => Some(call),
            _ => None,
        }
    }

    /// Ends the wait of a call and leaves `state` in its place.
    fn take(&mut self, key: u64, state: State<W>) -> Option<Waiting<W>> {
        self.waiting(key)?;
        let slot = usize::try_from(key & ((1 << SLOT_BITS) - 1)).ok()?;
        let State::Waiting(call) = std::mem::replace(&mut self.slots.get_mut(slot)?.state, state) else { return None };
        self.attributable -= usize::from(call.is_attributable);
        if !self.asked.is_empty() {
            self.asked.retain(|_, asked| *asked != key);
        }
        Some(call)
    }

    /// Ends a call whose response has come, or lays a ghost to rest.
    fn finish(&mut self, key: u64) -> Option<Waiting<W>> {
        let slot = u32::try_from(key & ((1 << SLOT_BITS) - 1)).ok()?;
        if let Some(call) = self.take(key, State::Free) {
            self.free.push(slot);
            return Some(call);
        }
        if matches!(self.entry(key)?.state, State::Ghost) {
            self.ghosts.retain(|ghost| ghost.key != key);
            self.release(slot);
        }
        None
    }

    /// Forgets ghosts that are too old or too many.
    fn bury(&mut self, now: Instant) {
        while let Some(&Ghost { key, since, .. }) = self.ghosts.front() {
            if self.ghosts.len() <= MAX_GHOSTS && now.saturating_duration_since(since) < GHOST_LIFE {
                return;
            }
            self.ghosts.pop_front();
            self.release(u32::try_from(key & ((1 << SLOT_BITS) - 1)).unwrap_or(u32::MAX));
        }
    }

    fn release(&mut self, slot: u32) {
        if let Some(entry) = self.slots.get_mut(slot as usize) {
            entry.state = State::Free;
            self.free.push(slot);
        }
    }
}

/// The value at `path`, read as one of our keys.
fn key_at(message: &Message, path: &[&str]) -> Option<u64> {
    key(message, message.find(path).ok()??)
}

/// The value at `place`, read as one of our keys.
fn key(message: &Message, place: Range<usize>) -> Option<u64> {
    std::str::from_utf8(&message.text()[place]).ok()?.parse().ok()
}

#[cfg(test)]
mod tests;
