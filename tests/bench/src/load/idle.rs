//! Sessions that do nothing.

use std::io;

use super::{Call, Session, Target};

/// They are open as long as this is.
#[derive(Debug)]
pub(crate) struct Idle {
    _sessions: Vec<Session>,
}

/// Opens so many, each with its connection, and with an open stream on it if wished.
pub(crate) async fn open(target: &Target, count: usize, stream: bool) -> io::Result<Idle> {
    let call = Call { tools: vec!["echo".to_owned()], ..Call::default() };
    let mut sessions = Vec::with_capacity(count);
    for number in 0..count {
        let mut session = Session::open(target, &call, number).await?;
        if stream {
            session.listen().await?;
        }
        sessions.push(session);
    }
    Ok(Idle { _sessions: sessions })
}
