//! Who asks: the era of a request and what its client can do.

use mcp_proxy_core::jsonrpc::Message;
use mcp_proxy_core::protocol::{
    Claim, ClientCapabilities, Era, LogLevel, Revision, UnsupportedVersion, code, meta, method,
};

use super::{refusal::Refusal, state::State};

#[derive(Clone, Copy, Debug)]
pub(super) struct Asker {
    pub(super) revision: Revision,
    pub(super) can: ClientCapabilities,
    /// From which level on it wants logs; none without.
    pub(super) log_level: Option<LogLevel>,
}

impl Asker {
    /// A modern request says it all itself; a legacy one relies on the handshake.
    pub(super) fn read(message: &Message, state: &State) -> Result<Self, Refusal> {
        let method = message.method().unwrap_or_default();
        match Claim::read(message) {
            Ok(Some(claim)) => Self::modern(&claim, method),
            Ok(None) => Self::legacy(method, state),
            // A client that does not know the claim cannot have meant one.
            Err(_) if method == method::INITIALIZE => Self::legacy(method, state),
            Err(error) => Err(Refusal::new(error.code(), error.to_string())),
        }
    }

    pub(super) fn era(self) -> Era {
        self.revision.era()
    }

    fn modern(claim: &Claim<'_>, method: &str) -> Result<Self, Refusal> {
        let lacks = || Refusal::params(format!("`{}` lacks `{}`", meta::META, meta::CLIENT_CAPABILITIES));
        let can = ClientCapabilities::read(claim.capabilities.ok_or_else(lacks)?);
        let can = can.map_err(|error| Refusal::params(error.to_string()))?;
        let revision = match claim.version.parse::<Revision>() {
            Ok(revision) if revision.era() == Era::Modern => revision,
            _ => {
                let data = UnsupportedVersion::write([Revision::LATEST.as_str()], &claim.version);
                return Err(Refusal::new(code::UNSUPPORTED_VERSION, "this revision is not served here").with(data));
            }
        };
        if method::is_removed_in_modern(method) {
            return Err(Refusal::no_method());
        }
        Ok(Self { revision, can, log_level: claim.log_level })
    }

    fn legacy(method: &str, state: &State) -> Result<Self, Refusal> {
        if method::is_new_in_modern(method) {
            let text = format!("`{}` lacks `{}`", meta::META, meta::PROTOCOL_VERSION);
            return Err(Refusal::params(text));
        }
        match (state.session, method) {
            (Some(session), _) => Ok(session),
            (None, method::INITIALIZE | method::PING) => {
                Ok(Self { revision: Revision::LATEST_LEGACY, can: ClientCapabilities::default(), log_level: None })
            }
            (None, _) => Err(Refusal::new(
                code::INVALID_REQUEST,
                format!("begin with `{}`, or say in `{}` which revision you speak", method::INITIALIZE, meta::META),
            )),
        }
    }
}
