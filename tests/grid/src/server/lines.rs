//! The server on pipes.

use std::io::{self, BufRead as _, Write as _};
use std::sync::Arc;
use std::thread;

use super::{Out, Peer, Server, lock};
use crate::Json;

pub(super) fn serve(server: &Arc<Server>) -> io::Result<()> {
    let peer = Peer::new();
    lock(&server.peers).insert(String::new(), Arc::clone(&peer));
    let recorder = Arc::clone(server);
    let out: Out = Arc::new(move |message| {
        recorder.record.said(message);
        io::stdout().lock().write_all(format!("{message}\n").as_bytes()).is_ok()
    });
    peer.listen(Arc::clone(&out));
    for line in io::stdin().lock().lines() {
        let line = line?;
        let Ok(message) = serde_json::from_str::<Json>(&line) else {
            server.record.wrong("a line is no JSON");
            continue;
        };
        let (server, peer, out) = (Arc::clone(server), Arc::clone(&peer), Arc::clone(&out));
        if message.get("id").is_some() && message.get("method").is_some() && message["method"] != "initialize" {
            thread::spawn(move || super::answer::take(&server, &peer, message, &out));
        } else {
            super::answer::take(&server, &peer, message, &out);
        }
    }
    Ok(())
}
