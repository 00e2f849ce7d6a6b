//! Sessions that do nothing.

use std::io;

use super::{Call, Session, Target};

/// They are open as long as this is.
#[derive(Debug, Default)]
pub(crate) struct Idle {
    sessions: Vec<Session>,
}

impl Idle {
    /// Opens more until there are so many, each with its connection, and with an open stream on it if wished.
    pub(crate) async fn grow(&mut self, target: &Target, count: usize, stream: bool) -> io::Result<()> {
        let call = Call { tools: vec!["echo".to_owned()], ..Call::default() };
        for number in self.sessions.len()..count {
            let mut session = Session::open(target, &call, number).await?;
            if stream {
                session.listen().await?;
            }
            self.sessions.push(session);
        }
        Ok(())
    }
}
