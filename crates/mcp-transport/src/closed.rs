//! Why a conversation is over.

use std::fmt;

/// Why a conversation is over, in words for whoever waited for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// What ended it.
    pub reason: CloseReason,
    /// The last lines the server wrote to its error output; empty where there is no such thing.
    pub stderr: Vec<String>,
}

/// What ended a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CloseReason {
    /// We closed it.
    Requested,
    /// The peer closed its end.
    Ended,
    /// The server's process ended with this exit code.
    Exited(i32),
    /// The server's process was ended by this signal.
    Killed(i32),
    /// Reading or writing failed; the text is the system's own.
    Failed(String),
}

impl Closed {
    /// Closed for `reason`, with nothing to quote.
    #[must_use]
    pub fn new(reason: CloseReason) -> Self {
        Self { reason, stderr: Vec::new() }
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.reason {
            CloseReason::Requested => f.write_str("the proxy has closed the connection to the server")?,
            CloseReason::Ended => f.write_str("the server has closed the connection")?,
            CloseReason::Exited(code) => write!(f, "the server has exited with code {code}")?,
            CloseReason::Killed(signal) => write!(f, "the server was ended by signal {signal}")?,
            CloseReason::Failed(error) => write!(f, "the connection to the server has failed: {error}")?,
        }
        quote_stderr(f, &self.stderr)
    }
}

/// Appends the last lines of a server's error output to an error's text.
pub(crate) fn quote_stderr(f: &mut fmt::Formatter<'_>, lines: &[String]) -> fmt::Result {
    if lines.is_empty() {
        return Ok(());
    }
    f.write_str("; its last words: ")?;
    for (n, line) in lines.iter().enumerate() {
        write!(f, "{}{line}", if n == 0 { "" } else { " | " })?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_quotes_the_servers_last_words() {
        let closed = Closed { reason: CloseReason::Exited(3), stderr: vec!["a".to_owned(), "b".to_owned()] };
        assert_eq!(closed.to_string(), "the server has exited with code 3; its last words: a | b");
        assert_eq!(Closed::new(CloseReason::Ended).to_string(), "the server has closed the connection");
    }
}
