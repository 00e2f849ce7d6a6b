//! Which path leads where.

use std::sync::Arc;

use crate::server::Server;

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Route {
    /// Streamable HTTP, and the plain form.
    Mcp,
    /// The stream of HTTP+SSE (2024-11-05).
    Sse,
    /// Where clients of HTTP+SSE post to.
    Messages,
    Health,
    Unknown,
}

/// Finds the route of `path`, and the server it is about. A slash at the end makes no difference. With one server, the
/// routes at the top are its own; every server has its routes under its name.
pub(super) fn find<'a>(path: &str, servers: &'a [Arc<Server>]) -> (Route, Option<&'a Arc<Server>>) {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    match path.split_once('/') {
        None => {
            let only = if let [only] = servers { Some(only) } else { None };
            (leaf(path), only)
        }
        Some((name, rest)) => match leaf(rest) {
            Route::Health | Route::Unknown => (Route::Unknown, None),
            route => (route, servers.iter().find(|server| is_name(name, server.name()))),
        },
    }
}

fn leaf(name: &str) -> Route {
    match name {
        "mcp" => Route::Mcp,
        "sse" => Route::Sse,
        "messages" | "message" => Route::Messages,
        "health" => Route::Health,
        _ => Route::Unknown,
    }
}

/// Whether a segment of a path, which may be percent-encoded, is `name`.
fn is_name(segment: &str, name: &str) -> bool {
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
            ("/health", Route::Health),
            ("/a/mcp", Route::Mcp),
            ("/", Route::Unknown),
            ("/mcp/x", Route::Unknown),
            ("/a/health", Route::Unknown),
            ("/MCP", Route::Unknown),
            ("//mcp", Route::Mcp),
        ] {
            assert_eq!(find(path, &[]).0, route, "{path}");
        }
    }

    #[test]
    fn names_may_be_encoded() {
        assert!(is_name("my%20server", "my server") && is_name("%61", "a") && is_name("a", "a"));
        assert!(!is_name("a%", "a") && !is_name("%zz", "zz") && !is_name("b", "a"));
    }
}
