//! A short name for a server from the long one of its package.

/// What packages are called besides.
const BEFORE: [&str; 5] = ["mcp-server-", "mcp_server_", "server-", "mcp-", "mcp_"];
const AFTER: [&str; 5] = ["-mcp-server", "_mcp_server", "-mcp", "_mcp", "-server"];

/// The name from that of a package, an image, or a URL of either; `server` if nothing is left of it.
pub(super) fn short(package: &str) -> String {
    let mut parts = package.trim_end_matches('/').rsplit('/');
    let last = parts.next().unwrap_or_default();
    let last = without_version(last);
    let short = trimmed(last.strip_suffix(".git").unwrap_or(last));
    let short = match parts.next() {
        // `@company/mcp` says only in its scope whose it is.
        Some(scope) if matches!(short, "" | "mcp" | "server") => trimmed(scope.trim_start_matches('@')),
        _ => short,
    };
    let fit = |c: char| if c.is_ascii_alphanumeric() || "-_.".contains(c) { c } else { '-' };
    let name: String = short.chars().take(64).map(fit).collect();
    if mcp_config::check_name(&name).is_ok() { name } else { "server".to_owned() }
}

/// `name@1.0`, `name:1.0`, `name==1.0`, `name[extra]`.
fn without_version(name: &str) -> &str {
    name.split(['@', ':', '=', '[', '>', '<', '~', '#', '?']).find(|part| !part.is_empty()).unwrap_or_default()
}

fn trimmed(name: &str) -> &str {
    let name = BEFORE.iter().find_map(|before| name.strip_prefix(before)).unwrap_or(name);
    AFTER.iter().find_map(|after| name.strip_suffix(after)).unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_says_the_same_of_all_is_left_out() {
        for (package, name) in [
            ("@modelcontextprotocol/server-filesystem@2025.1.1", "filesystem"),
            ("mcp-server-time", "time"),
            ("mcp-server-git==0.6", "git"),
            ("@playwright/mcp@latest", "playwright"),
            ("figma-developer-mcp", "figma-developer"),
            ("ghcr.io/github/github-mcp-server:1.2", "github"),
            ("mcp/time", "time"),
            ("io.github.user/weather-mcp", "weather"),
            ("git+https://github.com/user/some-mcp-server.git", "some"),
            ("localhost:5000/thing@sha256:00ff", "thing"),
            ("mcp", "server"), // it is a path of the proxy
            ("größe", "gr--e"),
            ("..", "server"),
            ("", "server"),
        ] {
            assert_eq!(short(package), name, "{package}");
        }
    }
}
