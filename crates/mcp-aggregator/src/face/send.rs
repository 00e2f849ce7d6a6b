//! Sends a request to one server, again if need be.

use std::{sync::Arc, time::Duration};

use mcp_transport::{ConnectError, NotSent, Reply, Request, SendError};
use tokio::time::sleep;

use super::{Face, reply::Passed, standing::Subscription};
use crate::{
    Retry,
    task::{handed_back, may_name_one},
    view::View,
};

/// A request to one server.
#[derive(Clone)]
pub(super) struct Errand {
    pub(super) view: Arc<View>,
    /// Which of the view's members it is for.
    pub(super) to: usize,
    pub(super) request: Request,
    /// Whether it may be sent again even if the server has seen it.
    pub(super) is_repeatable: bool,
    /// The subscription that stands once the server has agreed.
    pub(super) subscription: Option<Subscription>,
}

impl Errand {
    /// A request that may be sent again, whatever the server has seen of it.
    pub(super) fn repeatable(view: &Arc<View>, to: usize, request: Request) -> Self {
        Self { view: Arc::clone(view), to, request, is_repeatable: true, subscription: None }
    }

    /// The same with the task that the request belongs to, if it is one of the server's, as the server knows it.
    fn under_own_task(mut self) -> Self {
        if !self.view.is_single && may_name_one(self.request.message()) {
            let message = handed_back(self.request.message().clone(), |server| server == self.server());
            self.request = self.request.clone().with_message(message);
        }
        self
    }

    fn server(&self) -> &str {
        self.view.members[self.to].member.name()
    }
}

impl Face {
    /// Sends a request to its server. One that did not reach it is sent again, as often as that server's are.
    pub(super) async fn send(&self, errand: Errand) -> Result<Reply, SendError> {
        let errand = errand.under_own_task();
        let member = &errand.view.members[errand.to].member;
        let retry = member.retry();
        let mut tried = 0;
        loop {
            let error = match self.send_once(member, errand.request.clone()).await {
                Ok((reply, from)) => {
                    return Ok(match self.me.upgrade() {
                        Some(face) => Reply::new(Passed::new(reply, face, from, errand, retry, tried)),
                        // Not reachable while somebody calls a method of the face.
                        None => reply,
                    });
                }
                Err(error) => error,
            };
            if tried == retry.attempts || !is_worth_repeating(&error.reason) {
                return Err(named(error, errand.server()));
            }
            sleep(wait(retry, tried)).await;
            tried += 1;
        }
    }
}

/// The failure with the name of the server that it is about.
fn named(error: SendError, server: &str) -> SendError {
    let reason = match &error.reason {
        // What asks the client for something else than patience goes on as it is.
        NotSent::Connect(why)
            if matches!(**why, ConnectError::Busy(_) | ConnectError::Http { challenge: Some(_), .. }) =>
        {
            return error;
        }
        NotSent::Connect(why) => format!("server `{server}`: {why}"),
        NotSent::Closed(_) | NotSent::Forgotten | NotSent::Unroutable(_) => {
            format!("server `{server}`: {}", error.reason)
        }
        _ => return error,
    };
    SendError { reason: NotSent::Unroutable(reason), ..error }
}

/// Whether what was not sent may be on its way a moment later.
pub(super) fn is_worth_repeating(reason: &NotSent) -> bool {
    match reason {
        NotSent::Closed(_) | NotSent::Forgotten => true,
        // Nobody wants to wait for that twice.
        NotSent::Connect(error) => error.is_transient() && !matches!(**error, ConnectError::Timeout { .. }),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_half_of_one_comes_on_top_at_most() {
        for (tried, least) in [(0, 300), (1, 600), (3, 2400)] {
            let wait = wait(Retry::default(), tried);
            let (least, most) = (Duration::from_millis(least), Duration::from_millis(least * 3 / 2));
            assert!((least..=most).contains(&wait), "{wait:?}");
        }
    }

    #[test]
    fn however_often_it_was_tried_a_wait_is_a_duration() {
        wait(Retry { attempts: u32::MAX, base: Duration::from_secs(1) }, 40);
    }
}
