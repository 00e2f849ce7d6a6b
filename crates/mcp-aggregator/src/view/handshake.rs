//! How a hub introduces itself.

use mcp_jsonrpc::field;
use mcp_protocol::{CacheHints, CacheScope, DiscoverAnswer, Era, InitializeResult, Revision};

use super::Seen;
use crate::{HubOptions, capabilities, instructions};

/// Bytes of the instructions of all servers together.
const INSTRUCTIONS: usize = 32 << 10;
const INFO: &str = concat!(r#"{"name":"mcp_hub","title":"MCP hub","version":""#, env!("CARGO_PKG_VERSION"), r#""}"#);
const FRESH: CacheHints = CacheHints { ttl_ms: 10_000, scope: CacheScope::Private };

/// JSON text of the `initialize` or `server/discover` result. One server alone speaks for itself. `waits`: some server has
/// not been heard yet.
pub(super) fn of(members: &[Seen], era: Era, options: &HubOptions, is_single: bool, waits: bool) -> String {
    if is_single && let [only] = members {
        return only.listing.handshake.as_ref().to_owned();
    }
    let capabilities = capabilities::union(members.iter().map(|seen| seen.listing.capabilities_text()), era, waits);
    let texts: Vec<_> = members
        .iter()
        .filter_map(|seen| Some((&**seen.member.name(), field::unescape(seen.listing.instructions()?)?)))
        .collect();
    let joined = instructions::joined(texts.iter().map(|(name, text)| (*name, &**text)), INSTRUCTIONS);
    let joined = joined.map(|text| mcp_jsonrpc::quote(&text));
    let info = options.server_info.as_deref().unwrap_or(INFO);
    match era {
        Era::Legacy => {
            InitializeResult::write(Revision::LATEST_LEGACY.as_str(), &capabilities, info, joined.as_deref())
        }
        Era::Modern => DiscoverAnswer {
            supported: &[Revision::LATEST],
            capabilities: &capabilities,
            server_info: Some(info),
            instructions: joined.as_deref(),
            cache: FRESH,
        }
        .write(),
    }
}
