//! The event stream of one watcher.

use std::{convert::Infallible, sync::Arc, time::Duration};

use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::{BodyExt, StreamBody};
use mcp_proxy_core::{Proxy, ServiceBody};
use tokio::{
    sync::broadcast::{Receiver, error::RecvError},
    time::timeout,
};

use crate::board::Board;

/// Everything there is, then what changes; a comment after so long without news.
pub(crate) fn body(board: &Arc<Board>, proxy: &Proxy, keep_alive: Duration) -> ServiceBody {
    let (first, news) = board.watch(proxy);
    let watching = Watching { first: Some(first), news, board: Arc::clone(board), keep_alive };
    let frames = stream::unfold(watching, |mut watching| async {
        let event = watching.next().await?;
        Some((Ok::<_, Infallible>(Frame::data(event)), watching))
    });
    StreamBody::new(frames).boxed_unsync()
}

struct Watching {
    first: Option<Bytes>,
    news: Receiver<Bytes>,
    board: Arc<Board>,
    keep_alive: Duration,
}

impl Watching {
    async fn next(&mut self) -> Option<Bytes> {
        if let Some(first) = self.first.take() {
            return Some(first);
        }
        match timeout(self.keep_alive, self.news.recv()).await {
            Ok(Ok(event)) => Some(event),
            Ok(Err(RecvError::Lagged(_))) => {
                // What was missed is in what there is now; so is what is still in the queue.
                self.news = self.news.resubscribe();
                Some(self.board.whole())
            }
            Ok(Err(RecvError::Closed)) => None,
            Err(_) => Some(Bytes::from_static(b": keep-alive\n\n")),
        }
    }
}
