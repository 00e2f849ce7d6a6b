//! All routes: the router, the description and the security check read this table and nothing else.

use crate::{api, audit, login, openapi, route::Route};

/// Routes by topic. Where two fit one path, the first one counts.
const TABLE: &[&[Route]] = &[
    login::ROUTES,
    openapi::ROUTES,
    audit::ROUTES,
    api::EVENTS,
    api::SERVERS,
    api::LOG,
    api::TOOLS,
    api::CALLS,
    api::TRAFFIC,
    api::GROUPS,
    api::KEYS,
    api::SESSIONS,
    api::CONFIG,
    api::INSTALLS,
    api::PACKAGES,
    api::TERMINALS,
];

/// All routes.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    TABLE.iter().flat_map(|routes| routes.iter())
}
