//! The server on HTTP+SSE.

use std::io::{Read as _, Write as _};
use std::sync::Arc;

use super::http::{Asked, events};
use super::post::{STREAM, plain};
use super::{Peer, Server, answer, lock};
use crate::Json;

pub(super) fn serve(server: &Arc<Server>, mut asked: Asked) {
    let (method, path) = asked.head.asks();
    let session = path.split_once("?session=").map(|(_, id)| id.to_owned());
    match (method, path, session) {
        ("GET", "/sse", _) => open(server, asked),
        ("POST", _, Some(id)) => {
            let found = lock(&server.peers).get(&id).cloned();
            let Some(peer) = found else { return plain(&mut asked.stream, 404, "", None) };
            let Ok(message) = serde_json::from_str::<Json>(&asked.body) else {
                server.record.wrong("a body is no JSON");
                return plain(&mut asked.stream, 400, "", None);
            };
            let Some(out) = lock(&peer.out).clone() else { return };
            // What is only told is taken before it is accepted, so that what comes next finds it done.
            let is_request = message.get("id").is_some() && message.get("method").is_some();
            if is_request {
                plain(&mut asked.stream, 202, "", None);
                answer::take(server, &peer, message, &out);
            } else {
                answer::take(server, &peer, message, &out);
                plain(&mut asked.stream, 202, "", None);
            }
        }
        ("POST", "/sse", None) => plain(&mut asked.stream, 405, "allow: GET\r\n", None),
        _ => plain(&mut asked.stream, 404, "", None),
    }
}

fn open(server: &Arc<Server>, mut asked: Asked) {
    let (id, peer) = (format!("p{}", server.number()), Peer::new());
    let hello = format!("{STREAM}\r\nevent: endpoint\ndata: /messages?session={id}\n\n");
    let Ok(stream) = asked.stream.try_clone() else { return };
    peer.listen(events(server, stream));
    let mut peers = lock(&server.peers);
    // Whoever has read where to post may do so at once, and then the session is there.
    let is_open = asked.stream.write_all(hello.as_bytes()).is_ok();
    peers.insert(id.clone(), Arc::clone(&peer));
    drop(peers);
    if is_open {
        // The session is its stream, and its calls end with it.
        let _ = asked.stream.read(&mut [0]);
        peer.cancel_all();
    }
    lock(&server.peers).remove(&id);
}
