//! How verbose a shared server's log is, and for whom.

use std::collections::HashMap;

use mcp_protocol::LogLevel;

use super::FaceKey;

/// The level each client asked for. The server is set to the most verbose of them.
#[derive(Debug, Default)]
pub(super) struct Levels {
    asked: HashMap<FaceKey, LogLevel>,
    /// What the server has agreed to.
    server: Option<LogLevel>,
}

impl Levels {
    /// Notes what a client asks for; gives the level that the server has to be told, if any.
    pub(super) fn ask(&mut self, face: FaceKey, level: LogLevel) -> Option<LogLevel> {
        self.asked.insert(face, level);
        let verbose_enough = self.server.is_some_and(|server| server <= level);
        if verbose_enough { None } else { self.most_verbose() }
    }

    /// Notes that the server has agreed.
    pub(super) fn confirm(&mut self, level: LogLevel) {
        self.server = Some(level);
    }

    /// Forgets what a client asked for, because the server refused.
    pub(super) fn refused(&mut self, face: FaceKey) {
        self.asked.remove(&face);
        self.server = None;
    }

    /// The server knows nothing any more; gives what it has to be told, if anybody asked.
    pub(super) fn renew(&mut self) -> Option<LogLevel> {
        self.server = None;
        self.most_verbose()
    }

    fn most_verbose(&self) -> Option<LogLevel> {
        self.asked.values().min().copied()
    }

    pub(super) fn leave(&mut self, face: FaceKey) {
        self.asked.remove(&face);
    }

    /// Whether a client wants to hear a message of this level. One that never said hears all there is.
    pub(super) fn hears(&self, face: FaceKey, level: LogLevel) -> bool {
        self.asked.get(&face).is_none_or(|asked| *asked <= level)
    }

    /// What a client asked for.
    pub(super) fn of(&self, face: FaceKey) -> Option<LogLevel> {
        self.asked.get(&face).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_is_told_only_to_say_more() {
        let mut levels = Levels::default();
        assert_eq!(levels.ask(1, LogLevel::Warning), Some(LogLevel::Warning));
        levels.confirm(LogLevel::Warning);
        assert_eq!(levels.ask(2, LogLevel::Info), Some(LogLevel::Info));
        levels.confirm(LogLevel::Info);
        assert_eq!(levels.ask(3, LogLevel::Error), None);
        assert_eq!(levels.ask(1, LogLevel::Info), None);
        assert_eq!(levels.renew(), Some(LogLevel::Info), "a new server is told all of it");
    }

    #[test]
    fn what_the_server_has_not_agreed_to_does_not_hold() {
        let mut levels = Levels::default();
        levels.ask(1, LogLevel::Debug);
        assert_eq!(levels.ask(2, LogLevel::Info), Some(LogLevel::Debug), "for both");
        levels.refused(1);
        assert_eq!(levels.ask(3, LogLevel::Error), Some(LogLevel::Info));
    }

    #[test]
    fn each_client_hears_what_it_asked_for() {
        let mut levels = Levels::default();
        levels.ask(1, LogLevel::Warning);
        assert!(levels.hears(1, LogLevel::Warning) && levels.hears(1, LogLevel::Error));
        assert!(!levels.hears(1, LogLevel::Info));
        assert!(levels.hears(2, LogLevel::Debug));
        levels.leave(1);
        assert!(levels.hears(1, LogLevel::Debug));
    }
}
