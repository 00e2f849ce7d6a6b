//! What a hub knows of its servers and shows of them, as JSON text.

use mcp_jsonrpc::quote;
use mcp_proxy_core::aggregator::{Freshness, HubStatus, Offered};

use crate::shape::{list, object};

/// The whole status: `servers` by name, and `conflicts`.
pub(crate) fn status(status: &HubStatus) -> String {
    let servers: Vec<_> = status.servers.iter().map(|offered| (&*offered.name, server(offered))).collect();
    let servers = object(servers.iter().map(|(name, text)| (*name, &**text)));
    let conflicts = list(status.conflicts.iter().map(|conflict| &**conflict));
    object([("servers", &*servers), ("conflicts", &*conflicts)])
}

fn server(offered: &Offered) -> String {
    let (lists, reason) = match &offered.freshness {
        Freshness::Asking => ("asking", None),
        Freshness::Stale { reason } => ("stale", Some(quote(reason))),
        _ => ("current", None),
    };
    let lists = quote(lists);
    let [tools, prompts, resources, templates] = offered.counts.map(|count| count.to_string());
    let shown = offered.shown_tools.to_string();
    let changed = list(offered.changed_tools.iter().map(|name| &**name));
    let renamed: Vec<_> = offered.renamed.iter().map(|[own, exposed]| (&**own, quote(exposed))).collect();
    let renamed = object(renamed.iter().map(|(own, exposed)| (*own, &**exposed)));
    let members = [
        ("lists", &*lists),
        ("tools", &*tools),
        ("shownTools", &*shown),
        ("prompts", &*prompts),
        ("resources", &*resources),
        ("resourceTemplates", &*templates),
    ];
    let reason = reason.as_deref().map(|reason| ("reason", reason));
    let changed = (!offered.changed_tools.is_empty()).then_some(("changedTools", &*changed));
    let renamed = (!offered.renamed.is_empty()).then_some(("renamed", &*renamed));
    object(members.into_iter().chain(reason).chain(changed).chain(renamed))
}
