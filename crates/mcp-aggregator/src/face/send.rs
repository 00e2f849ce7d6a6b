//! Sends a request to one server.

use std::{sync::Arc, time::Duration};

use mcp_jsonrpc::{Id, Message, quote};
use mcp_protocol::{method, set_level_params};
use mcp_transport::{Caller, ConnectError, Connection, NotSent, Reply, Request, SendError};
use tokio::time::{sleep, timeout};

use super::{
    Face, pump,
    reply::{Again, Passed},
    upstreams::Upstream,
};
use crate::{Retry, Unavailable, view::View};

/// How long a server that has forgotten a client may take to take one thing back in.
const RESTORING: Duration = Duration::from_secs(5);

/// A subscription that stands unless the server refuses it: server, and URI as the server knows it.
pub(super) type Subscription = (Arc<str>, Box<str>);

impl Face {
    /// Sends a request to the member at `to`. `is_repeatable`: it may be sent again even if the server has seen it.
    pub(super) async fn send(
        &self,
        view: &Arc<View>,
        to: usize,
        request: Request,
        is_repeatable: bool,
        subscription: Option<Subscription>,
    ) -> Result<Reply, SendError> {
        let retry = view.members[to].member.retry();
        let mut tried = 0;
        loop {
            let again = request.clone();
            let error = match self.send_once(view, to, request.clone()).await {
                Ok((reply, from)) => {
                    let again = is_repeatable.then(|| Again::new(again, retry, tried));
                    return Ok(self.passed(view, to, reply, from, again, subscription));
                }
                Err(error) => error,
            };
            if tried == retry.attempts || !is_worth_repeating(&error.reason) {
                return Err(named(error, view.members[to].member.name()));
            }
            sleep(wait(retry, tried)).await;
            tried += 1;
        }
    }

    /// Sends a request once, over the client's own conversation with the server if it has a session. One that the server has
    /// forgotten is begun anew.
    pub(super) async fn send_once(
        &self,
        view: &Arc<View>,
        to: usize,
        request: Request,
    ) -> Result<(Reply, Arc<dyn Connection>), SendError> {
        let member = &view.members[to].member;
        if !self.is_session {
            let opened = member.open(request.caller()).await;
            let connection = match opened {
                Ok(connection) => connection,
                Err(error) => return Err(SendError::new(request.into_parts().0, unavailable(error))),
            };
            let reply = connection.call(request).await?;
            return Ok((reply, connection));
        }
        let mut is_first = true;
        loop {
            let upstream = self.upstream(view, to, request.caller()).await;
            let (upstream, connection) = match upstream {
                Ok(open) => open,
                Err(error) => return Err(SendError::new(request.into_parts().0, unavailable(error))),
            };
            let error = match connection.call(request.clone()).await {
                Ok(reply) => return Ok((reply, connection)),
                Err(error) => error,
            };
            let is_over = matches!(error.reason, NotSent::Closed(_) | NotSent::Forgotten);
            if !is_over || !std::mem::take(&mut is_first) {
                return Err(error);
            }
            self.upstreams.forget(&upstream);
        }
    }

    /// The client's own conversation with a server.
    async fn upstream(
        &self,
        view: &View,
        to: usize,
        caller: &Arc<Caller>,
    ) -> Result<(Arc<Upstream>, Arc<dyn Connection>), Unavailable> {
        let seen = &view.members[to];
        let (upstream, gone) = self.upstreams.of(&seen.member);
        if let Some(gone) = gone {
            // It was another server of that name.
            tokio::spawn(async move { gone.close().await });
        }
        let connection = upstream.connection.get_or_try_init(|| async {
            let connection = seen.member.open(caller).await?;
            if let (Some(events), Some(face)) = (connection.events(), self.me.upgrade()) {
                let pump =
                    pump::run(Arc::downgrade(&face), Arc::clone(&seen.member), Arc::downgrade(&connection), events);
                upstream.pumped_by(tokio::spawn(pump).abort_handle());
            }
            self.restore(seen.member.name(), &connection, caller).await;
            Ok(connection)
        });
        let connection = Arc::clone(connection.await?);
        Ok((upstream, connection))
    }

    /// Tells a server what the client has asked for before this conversation began.
    async fn restore(&self, server: &Arc<str>, connection: &Arc<dyn Connection>, caller: &Arc<Caller>) {
        let (level, uris) = {
            let standing = self.standing();
            (standing.level, standing.subscribed(server))
        };
        let ask = async |method: &str, params: String| {
            let message = Message::request(&Id::from(0), method, Some(&params));
            let asked = async {
                let request = Request::new(message, Arc::clone(caller)).ok()?;
                connection.call(request).await.ok()?.response().await.ok()
            };
            // One that refuses has nothing to restore.
            let _ = timeout(RESTORING, asked).await;
        };
        if let Some(level) = level {
            ask(method::LOGGING_SET_LEVEL, set_level_params(level)).await;
        }
        for uri in uris {
            ask(method::RESOURCES_SUBSCRIBE, format!(r#"{{"uri":{}}}"#, quote(&uri))).await;
        }
    }

    /// The only server's conversation, where there is just one.
    pub(super) async fn only(&self, caller: &Arc<Caller>) -> Option<Arc<dyn Connection>> {
        let view = self.view()?;
        if !view.is_single || view.members.len() != 1 {
            return None;
        }
        if !self.is_session {
            return view.members[0].member.open(caller).await.ok();
        }
        self.upstream(&view, 0, caller).await.ok().map(|(_, connection)| connection)
    }

    /// The reply as the client is to see it.
    fn passed(
        &self,
        view: &Arc<View>,
        member: usize,
        reply: Reply,
        from: Arc<dyn Connection>,
        again: Option<Again>,
        subscription: Option<Subscription>,
    ) -> Reply {
        match self.me.upgrade() {
            Some(face) => Reply::new(Passed::new(reply, face, from, Arc::clone(view), member, again, subscription)),
            // Not reachable while somebody calls a method of the face.
            None => reply,
        }
    }
}

/// Why there is no conversation, in the words of a message that was not sent.
fn unavailable(error: Unavailable) -> NotSent {
    match error {
        Unavailable::Connect(error) => NotSent::Connect(error),
        other => NotSent::Unroutable(other.to_string()),
    }
}

/// The failure with the name of the server that it is about.
fn named(error: SendError, server: &str) -> SendError {
    let reason = match &error.reason {
        NotSent::Connect(why) if !matches!(**why, ConnectError::Busy(_)) => format!("server `{server}`: {why}"),
        NotSent::Closed(_) | NotSent::Forgotten | NotSent::Unroutable(_) => {
            format!("server `{server}`: {}", error.reason)
        }
        _ => return error,
    };
    SendError { reason: NotSent::Unroutable(reason), ..error }
}

/// Whether what was not sent may be on its way a moment later.
fn is_worth_repeating(reason: &NotSent) -> bool {
    match reason {
        NotSent::Closed(_) | NotSent::Forgotten => true,
        NotSent::Connect(error) => error.is_transient(),
        _ => false,
    }
}

/// How long to wait before the next attempt, if so many have been made.
pub(super) fn wait(retry: Retry, tried: u32) -> Duration {
    let base = retry.base.saturating_mul(2_u32.saturating_pow(tried));
    // Without random numbers all wait alike, which is no more than a pity.
    let random = getrandom::u32().unwrap_or_default();
    base.saturating_add(base.mul_f64(f64::from(random) / f64::from(u32::MAX) / 2.0))
}
