//! `GET /events`: what all servers do, as it changes.

use std::sync::Arc;

use bytes::Bytes;
use futures::{StreamExt, stream};
use serde::Serialize;
use tokio::sync::broadcast::{Receiver, error::RecvError};

use super::{
    Board,
    view::{ServerView, Totals},
};
use crate::{answer::Answer, ask::Ask, events::events, route::Route, state::State};

pub(crate) const ROUTES: &[Route] = &[Route::get(
    "/events",
    "watch",
    "What all servers do, and whether the configuration has changed.",
    |state, ask| Box::pin(watch(state, ask)),
)
.events("status, config")];

/// The event `status`.
#[derive(Serialize)]
pub(crate) struct Status<'a> {
    servers: &'a [ServerView],
    totals: Totals,
}

/// The event `config`.
#[derive(Serialize)]
pub(crate) struct Config {
    pub(crate) etag: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) problem: Option<Arc<str>>,
}

impl<'a> Status<'a> {
    pub(crate) fn now(servers: &'a [ServerView], totals: Totals) -> Self {
        Self { servers, totals }
    }
}

async fn watch(state: Arc<State>, ask: Ask) -> Answer {
    let (first, news) = state.board.watch(&state);
    let board = Arc::clone(&state.board);
    let later = stream::unfold((news, board), |(mut news, board)| async move {
        let told = next(&mut news, &board).await?;
        Some((stream::iter(told), (news, board)))
    });
    Ok(events(&state, ask.session, stream::iter(first).chain(later.flatten())))
}

async fn next(news: &mut Receiver<Bytes>, board: &Board) -> Option<Vec<Bytes>> {
    match news.recv().await {
        Ok(event) => Some(vec![event]),
        Err(RecvError::Lagged(_)) => {
            // What was missed is in what there is now; so is what is still in the queue.
            *news = news.resubscribe();
            Some(board.whole())
        }
        Err(RecvError::Closed) => None,
    }
}
