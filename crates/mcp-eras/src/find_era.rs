//! Finds out in which era a server is to be spoken to.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{Envelope, Era, Revision, method};
use mcp_transport::{Caller, Client, ConnectError, Connection, Handshake, Introduced, Peer, Request, Transport};
use tokio::{task::JoinSet, time::timeout};

use crate::{evidence::Evidence, refusal::says_modern, verdict::Verdict};

/// Opens connections that are ready in the era that the server speaks.
///
/// While nothing is known, the server is asked with `server/discover`. A modern one answers, and the connection it did so
/// on is used. Any other is given the legacy handshake, on a fresh connection: a process belongs to one era from its first
/// message on, and some legacy ones end at a method they do not know. What was found is remembered until it stops
/// holding; all who connect first wait for one search.
#[derive(Debug)]
pub struct FindEra {
    raw: Arc<dyn Transport>,
    proxy: Arc<Client>,
    pinned: Option<Era>,
    first: Era,
    patience: Duration,
    probe_patience: Duration,
    verdict: Mutex<Verdict>,
    /// Whose turn it is to search.
    turn: tokio::sync::Mutex<()>,
    /// Connections that were only good for asking, on their way out.
    thrown_away: Mutex<JoinSet<()>>,
}

/// Why a server is not spoken to in the modern way.
struct NotModern {
    error: ConnectError,
    /// Whether it has answered like a legacy server.
    legacy: bool,
}

impl FindEra {
    /// How long a server that is asked may be silent until it counts as a legacy one.
    pub const PROBE_PATIENCE: Duration = Duration::from_secs(10);

    /// Finds the era of the server that `raw` reaches; `proxy` is how we introduce ourselves where the caller is nobody
    /// else.
    #[must_use]
    pub fn new(raw: Arc<dyn Transport>, proxy: Arc<Client>) -> Self {
        Self {
            raw,
            proxy,
            pinned: None,
            first: Era::Modern,
            patience: Handshake::PATIENCE,
            probe_patience: Self::PROBE_PATIENCE,
            verdict: Mutex::default(),
            turn: tokio::sync::Mutex::default(),
            thrown_away: Mutex::default(),
        }
    }

    /// Takes the server's era for known. It is never asked, and never spoken to in the other.
    #[must_use]
    pub fn pinned(self, era: Era) -> Self {
        Self { pinned: Some(era), ..self }
    }

    /// Tries this era first, and so speaks it with a server that speaks both. Default: the modern one.
    ///
    /// With the legacy one the handshake itself is the question, and nothing is started to be thrown away, unless the
    /// server refuses it.
    #[must_use]
    pub fn first(self, era: Era) -> Self {
        Self { first: era, ..self }
    }

    /// Waits this long for the server to be ready. Default: [`Handshake::PATIENCE`].
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Waits this long for an answer while the era is not known. Default: [`PROBE_PATIENCE`](Self::PROBE_PATIENCE).
    #[must_use]
    pub fn probe_patience(self, probe_patience: Duration) -> Self {
        Self { probe_patience, ..self }
    }

    /// The era that connections are made in; `None` until the first one has come about.
    #[must_use]
    pub fn era(&self) -> Option<Era> {
        self.pinned.or_else(|| self.verdict().proven())
    }

    fn verdict(&self) -> MutexGuard<'_, Verdict> {
        self.verdict.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// In which era to try, before anybody has asked.
    fn known(&self) -> Option<Era> {
        let known = self.verdict().era();
        known.or_else(|| (self.first == Era::Legacy).then_some(Era::Legacy))
    }

    /// Connects while nothing is known: asks the server, or waits for whoever is asking.
    async fn search(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        // Held while the server is asked: that is what makes it one question for all.
        let turn = self.turn.lock().await;
        if let Some(known) = self.known() {
            drop(turn);
            return self.open(known, caller).await;
        }
        if let Some(connection) = self.probe(caller).await? {
            return Ok(connection);
        }
        self.verdict().presume_legacy();
        drop(turn);
        self.legacy(caller, true).await
    }

    /// Connects in the era that is known, or else in the other.
    async fn open(&self, known: Era, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        if known == Era::Legacy {
            return self.legacy(caller, false).await;
        }
        match self.modern(caller).await {
            Err(NotModern { legacy: true, .. }) => {
                self.verdict().presume_legacy();
                self.legacy(caller, true).await
            }
            connected => connected.map_err(|not| not.error),
        }
    }

    /// Shakes hands, and looks at the era again if the server refuses to. `asked` if it was just found not to be modern.
    async fn legacy(&self, caller: &Arc<Caller>, asked: bool) -> Result<Arc<dyn Connection>, ConnectError> {
        let error = match self.shake_hands(caller).await {
            Ok(connection) => {
                self.verdict().prove(Era::Legacy);
                return Ok(connection);
            }
            Err(error) => error,
        };
        let refused = matches!(error, ConnectError::Refused { .. } | ConnectError::Revision(_));
        self.verdict().handshake_failed(refused);
        if says_modern(&error) {
            return self.modern(caller).await.map_err(|not| not.error);
        }
        if refused
            && !asked
            && let Ok(Some(connection)) = self.probe(caller).await
        {
            return Ok(connection);
        }
        Err(error)
    }

    async fn shake_hands(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        let handshake = Handshake::new(Arc::clone(&self.raw), Arc::clone(&self.proxy));
        handshake.patience(self.patience).connect(caller).await
    }

    /// Connects in the modern way to a server that is believed to be modern.
    async fn modern(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, NotModern> {
        let fatal = |error| NotModern { error, legacy: false };
        let raw = self.raw.connect(caller).await.map_err(fatal)?;
        let answer = timeout(self.patience, self.discover(&raw, caller)).await;
        if let Ok(Evidence::Modern(peer)) = answer {
            return Ok(self.introduced(raw, peer));
        }
        raw.close().await;
        Err(match answer {
            Ok(Evidence::Legacy(error)) => NotModern { error, legacy: true },
            Ok(Evidence::Silence(error) | Evidence::Trouble(error)) => fatal(error),
            _ => fatal(ConnectError::Timeout { after: self.patience, stderr: raw.closed().await.stderr.clone() }),
        })
    }

    /// Asks a server of which nothing is known; `None` if it is not modern.
    async fn probe(&self, caller: &Arc<Caller>) -> Result<Option<Arc<dyn Connection>>, ConnectError> {
        let raw = self.raw.connect(caller).await?;
        let answer = timeout(self.probe_patience, self.discover(&raw, caller)).await;
        let outcome = match answer {
            Ok(Evidence::Modern(peer)) => return Ok(Some(self.introduced(raw, peer))),
            // If it has ended for a reason of its own, it will end at the handshake, too, and say so then.
            Ok(Evidence::Legacy(_) | Evidence::Silence(_)) | Err(_) => Ok(None),
            Ok(Evidence::Trouble(error)) => Err(error),
        };
        self.throw_away(raw);
        outcome
    }

    /// Sends the first message that a modern server gets.
    async fn discover(&self, raw: &Arc<dyn Connection>, caller: &Arc<Caller>) -> Evidence {
        let client = caller.client.as_ref().unwrap_or(&self.proxy);
        let envelope = Envelope {
            version: Revision::LATEST,
            capabilities: &client.capabilities,
            client_info: Some(&client.info),
            log_level: None,
        };
        let discover = Message::request(&Id::from(1), method::SERVER_DISCOVER, Some(&envelope.params()));
        let Ok(request) = Request::new(discover, Arc::clone(caller)) else {
            return Evidence::Trouble(ConnectError::NotMcp);
        };
        match raw.call(request).await {
            Ok(reply) => match reply.response().await {
                Ok(response) => Evidence::of(&response),
                Err(lost) => Evidence::of_lost(lost),
            },
            Err(error) => Evidence::of_not_sent(error.reason),
        }
    }

    fn introduced(&self, raw: Arc<dyn Connection>, peer: Peer) -> Arc<dyn Connection> {
        self.verdict().prove(Era::Modern);
        Arc::new(Introduced::new(raw, peer))
    }

    /// Closes a connection without waiting for it. What still closes when this transport is dropped ends with it.
    fn throw_away(&self, raw: Arc<dyn Connection>) {
        let mut thrown_away = self.thrown_away.lock().unwrap_or_else(PoisonError::into_inner);
        while thrown_away.try_join_next().is_some() {}
        thrown_away.spawn(async move { raw.close().await });
    }
}

#[async_trait]
impl Transport for FindEra {
    async fn connect(&self, caller: &Arc<Caller>) -> Result<Arc<dyn Connection>, ConnectError> {
        match self.pinned {
            Some(Era::Legacy) => self.shake_hands(caller).await,
            Some(Era::Modern) => self.modern(caller).await.map_err(|not| not.error),
            None => match self.known() {
                Some(known) => self.open(known, caller).await,
                None => self.search(caller).await,
            },
        }
    }
}

#[cfg(test)]
mod tests;
