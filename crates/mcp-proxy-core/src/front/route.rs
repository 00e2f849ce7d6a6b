//! Which path leads where.

use std::sync::Arc;

use super::health::Health;
use crate::{mount::Mount, server::Server};

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Streamable HTTP, and the plain form.
    Mcp,
    /// The stream of HTTP+SSE (2024-11-05).
    Sse,
    /// Where clients of HTTP+SSE post to.
    Messages,
    Health(Health),
    /// The service mounted at that place in the list.
    Mounted(usize),
    Unknown,
}

/// Where a path leads.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) route: Route,
    pub(super) server: Option<Arc<Server>>,
    /// Whether the path names a server, even if there is none of that name.
    pub(super) is_named: bool,
    /// The part of the hub that it names.
    #[cfg(feature = "hub")]
    pub(super) place: Option<mcp_aggregator::Place>,
}

impl Found {
    fn new(route: Route, server: Option<Arc<Server>>, is_named: bool) -> Self {
        Self {
            route,
            server,
            is_named,
            #[cfg(feature = "hub")]
            place: None,
        }
    }
}

/// Finds the route of `path`, and the server it is about. A slash at the end makes no difference. With one server, the
/// routes at the top are its own; every server has its routes under its name.
pub(super) fn find(path: &str, servers: &[Arc<Server>], mounts: &[Mount]) -> Found {
    let to = |route| Found::new(route, None, false);
    let (first, rest) = segments(path);
    if let Some(mount) = mounts.iter().position(|mount| *mount.segment == *first) {
        return to(Route::Mounted(mount));
    }
    let Some(rest) = rest else {
        let only = if let [only] = servers { Some(Arc::clone(only)) } else { None };
        return Found::new(leaf(first), only, false);
    };
    if first == "health"
        && let Some(what) = Health::below(rest)
    {
        return to(Route::Health(what));
    }
    match leaf(rest) {
        Route::Health(_) | Route::Unknown => to(Route::Unknown),
        route => {
            let server = servers.iter().find(|server| is_name(first, server.name()));
            Found::new(route, server.map(Arc::clone), true)
        }
    }
}

/// The segment of `path` that should name a server, as it was sent.
pub(super) fn first_segment(path: &str) -> &str {
    segments(path).0
}

pub(super) fn segments(path: &str) -> (&str, Option<&str>) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    path.split_once('/').map_or((path, None), |(first, rest)| (first, Some(rest)))
}

pub(super) fn leaf(name: &str) -> Route {
    match name {
        "mcp" => Route::Mcp,
        "sse" => Route::Sse,
        "messages" | "message" => Route::Messages,
        "health" => Route::Health(Health::Whole),
        _ => Route::Unknown,
    }
}

/// Whether a segment of a path, which may be percent-encoded, is `name`.
pub(super) fn is_name(segment: &str, name: &str) -> bool {
    if !segment.contains('%') {
        return segment == name;
    }
    let mut bytes = segment.bytes();
    let decoded = std::iter::from_fn(|| {
        Some(match bytes.next()? {
            b'%' => {
                let digits = [bytes.next().unwrap_or(b'?'), bytes.next().unwrap_or(b'?')];
                let digits = std::str::from_utf8(&digits).unwrap_or("?");
                // What is no byte can be no part of a name.
                u8::from_str_radix(digits, 16).unwrap_or(0)
            }
            byte => byte,
        })
    });
    decoded.eq(name.bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_route_has_its_names() {
        for (path, route) in [
            ("/mcp", Route::Mcp),
            ("/mcp/", Route::Mcp),
            ("/sse", Route::Sse),
            ("/messages", Route::Messages),
            ("/message", Route::Messages),
            ("/health", Route::Health(Health::Whole)),
            ("/health/ready", Route::Health(Health::Ready)),
            ("/health/live/", Route::Health(Health::Live)),
            ("/health/x", Route::Unknown),
            ("/a/mcp", Route::Mcp),
            ("/", Route::Unknown),
            ("/mcp/x", Route::Unknown),
            ("/a/health", Route::Unknown),
            ("/MCP", Route::Unknown),
            ("//mcp", Route::Mcp),
        ] {
            assert_eq!(find(path, &[], &[]).route, route, "{path}");
        }
    }

    #[test]
    fn names_may_be_encoded() {
        assert!(is_name("my%20server", "my server") && is_name("%61", "a") && is_name("a", "a"));
        assert!(!is_name("a%", "a") && !is_name("%zz", "zz") && !is_name("b", "a"));
    }
}
