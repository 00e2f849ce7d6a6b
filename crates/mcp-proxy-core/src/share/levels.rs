//! How verbose a shared server's log is, and for whom.

use std::collections::HashMap;

use mcp_protocol::LogLevel;

use super::FaceKey;

/// The level each client asked for. The server is set to the most verbose of them.
#[derive(Debug, Default)]
pub(super) struct Levels {
    asked: HashMap<FaceKey, LogLevel>,
    server: Option<LogLevel>,
}

impl Levels {
    /// Notes what a client asks for; says whether the server has to be told.
    pub(super) fn set(&mut self, face: FaceKey, level: LogLevel) -> bool {
        self.asked.insert(face, level);
        let verbose_enough = self.server.is_some_and(|server| server <= level);
        if !verbose_enough {
            self.server = Some(level);
        }
        !verbose_enough
    }

    /// Forgets what the server was told, because it refused.
    pub(super) fn refused(&mut self, face: FaceKey) {
        self.asked.remove(&face);
        self.server = None;
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
        assert!(levels.set(1, LogLevel::Warning));
        assert!(levels.set(2, LogLevel::Info));
        assert!(!levels.set(3, LogLevel::Error));
        assert!(!levels.set(1, LogLevel::Info));
        levels.refused(2);
        assert!(levels.set(3, LogLevel::Error), "what was refused does not hold");
    }

    #[test]
    fn each_client_hears_what_it_asked_for() {
        let mut levels = Levels::default();
        levels.set(1, LogLevel::Warning);
        assert!(levels.hears(1, LogLevel::Warning) && levels.hears(1, LogLevel::Error));
        assert!(!levels.hears(1, LogLevel::Info));
        assert!(levels.hears(2, LogLevel::Debug));
        levels.leave(1);
        assert!(levels.hears(1, LogLevel::Debug));
    }
}
