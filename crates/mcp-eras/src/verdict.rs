//! What is known of a server's era.

use mcp_protocol::Era;

/// What is known of a server's era, while nothing speaks against it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Verdict(Option<Known>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Known {
    era: Era,
    /// Whether a connection in this era has come about.
    proven: bool,
}

impl Verdict {
    /// In which era to try.
    pub(crate) fn era(self) -> Option<Era> {
        self.0.map(|known| known.era)
    }

    /// In which era connections have come about.
    pub(crate) fn proven(self) -> Option<Era> {
        self.0.filter(|known| known.proven).map(|known| known.era)
    }

    /// The server does not seem to be modern; its silence alone may have said so.
    pub(crate) fn presume_legacy(&mut self) {
        self.0 = Some(Known { era: Era::Legacy, proven: false });
    }

    /// A connection has come about.
    pub(crate) fn prove(&mut self, era: Era) {
        self.0 = Some(Known { era, proven: true });
    }

    /// The handshake has failed. What was proven is doubted only if the server itself refused: one that just ends, or is
    /// slow, says nothing of its era.
    pub(crate) fn handshake_failed(&mut self, refused: bool) {
        if self.era() == Some(Era::Legacy) && (refused || self.proven().is_none()) {
            self.0 = None;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_presumption_does_not_outlive_a_failure_and_a_proof_only_a_refusal() {
        let mut verdict = Verdict::default();
        verdict.presume_legacy();
        assert_eq!((verdict.era(), verdict.proven()), (Some(Era::Legacy), None));
        verdict.handshake_failed(false);
        assert_eq!(verdict.era(), None);

        verdict.prove(Era::Legacy);
        verdict.handshake_failed(false);
        assert_eq!(verdict.proven(), Some(Era::Legacy));
        verdict.handshake_failed(true);
        assert_eq!(verdict.era(), None);
    }

    #[test]
    fn a_late_failure_does_not_undo_what_another_has_found_since() {
        let mut verdict = Verdict::default();
        verdict.presume_legacy();
        verdict.prove(Era::Modern);
        verdict.handshake_failed(true);
        assert_eq!(verdict.proven(), Some(Era::Modern));
    }
}
