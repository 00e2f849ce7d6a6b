//! The keys of the file itself.

use super::{Key, Kind, Scope, Table};
use crate::{File, LogFormat, SessionKind, Start, schema};

pub(crate) static PROXY: Table<File> = Table { keys: KEYS, ignored: &["inputs"] };

const KEYS: &[Key<File>] = &[
    Key::new("host", Kind::Address(|f| &mut f.settings.host), "127.0.0.1", "The address to listen on."),
    Key::new(
        "port",
        Kind::Number(0..=65535, |f, port| f.settings.port = u16::try_from(port).ok()),
        "8000",
        "The port to listen on; 0 picks a free one.",
    ),
    Key::new("authKey", Kind::Secret(|f| &mut f.settings.auth_key), "", "A key that clients have to present."),
    Key::new(
        "keys",
        Kind::Own { read: |reader, value, path, f: &mut File| reader.keys(value, path, f), shape: schema::keys },
        "",
        "Keys, by the name of whom they are for; at mcp-hub one can be limited to groups and tools.",
    ),
    Key::new(
        "idleTimeout",
        Kind::Idle(|f| &mut f.settings.idle_timeout),
        "5m",
        "After how long without use a server is stopped; \"off\" is never, a bare number is milliseconds.",
    ),
    Key::new(
        "session",
        Kind::Choice(SessionKind::WORDS, |f, word| f.settings.session = word.parse().ok()),
        "shared",
        "How clients share a server: all one process, or one for each session.",
    ),
    Key::new(
        "start",
        Kind::Choice(Start::WORDS, |f, word| f.settings.start = word.parse().ok()),
        "launch",
        "When servers are started: with the proxy, or on demand.",
    ),
    Key::new(
        "allowedHosts",
        Kind::Texts(|f| &mut f.settings.allowed_hosts),
        "",
        "Host names that clients reach the proxy by, besides addresses and localhost.",
    ),
    Key::new(
        "allowedOrigins",
        Kind::Texts(|f| &mut f.settings.allowed_origins),
        "",
        "Origins whose web pages may use the proxy.",
    ),
    Key::new(
        "publicUrl",
        Kind::Text(|f| &mut f.settings.public_url),
        "",
        "The URL that clients know the proxy by, behind a reverse proxy.",
    ),
    Key::new(
        "configApi",
        Kind::Bool(|f| &mut f.settings.config_api),
        "false",
        "Whether the configuration can be changed over HTTP.",
    ),
    Key::new(
        "allowUnauthenticated",
        Kind::Bool(|f| &mut f.settings.allow_unauthenticated),
        "false",
        "Whether everyone who reaches the address may use the proxy, beyond this machine too.",
    ),
    Key::new("tlsCert", Kind::Path(|f| &mut f.settings.tls_cert), "", "The certificate chain, a PEM file."),
    Key::new("tlsKey", Kind::Path(|f| &mut f.settings.tls_key), "", "The key of the certificate, a PEM file."),
    Key::new(
        "logLevel",
        Kind::Text(|f| &mut f.settings.log_level),
        "info",
        "What to log: error, warn, info, debug, trace, or directives.",
    ),
    Key::new(
        "logFormat",
        Kind::Choice(LogFormat::WORDS, |f, word| f.settings.log_format = word.parse().ok()),
        "text",
        "How to log.",
    ),
    Key::new(
        "threads",
        Kind::Number(1..=64, |f, threads| f.settings.threads = u16::try_from(threads).ok()),
        "1",
        "Threads that serve.",
    ),
    Key::<File>::new(
        "separator",
        Kind::Separator(|f| &mut f.hub.separator),
        "__",
        "Of mcp-hub: what stands between server and tool in a name.",
    )
    .or(&["serverToolnameSeparator", "serverToolnameSeperator"]),
    Key::new(
        "deadline",
        Kind::Time(|f| &mut f.hub.deadline),
        "3s",
        "Of mcp-hub: how long clients wait for a server that is starting before they are answered without it.",
    ),
    Key::new(
        "pageSize",
        Kind::Number(1..=100_000, |f, count| f.hub.page = usize::try_from(count).ok()),
        "1000",
        "Of mcp-hub: items on one page of a list.",
    ),
    Key::new("serverInfo", Kind::JsonObject(|f| &mut f.hub.server_info), "", "Of mcp-hub: who it says it is."),
    Key::new(
        "groups",
        Kind::Own {
            read: |reader, value, path, f: &mut File| f.hub.groups = reader.groups(value, path),
            shape: schema::groups,
        },
        "",
        "Of mcp-hub: choices of servers and tools with endpoints of their own, by their names.",
    ),
    Key::new(
        "retry",
        Kind::Own {
            read: |reader, value, path, f: &mut File| reader.retries(value, path, &mut f.hub.retry),
            shape: schema::retries,
        },
        "",
        "Of mcp-hub: how often calls are sent again, to all servers or by their kind; false is never.",
    ),
    Key::new(
        "proxy",
        Kind::Own {
            read: |reader, value, path, f: &mut File| reader.block(value, path, &mut f.hub.retry),
            shape: schema::block,
        },
        "",
        "Of mcp-hub: the same as mcp-proxy-server writes it; `retry` wins.",
    ),
    Key::new(
        "state",
        Kind::Own {
            read: |reader, value, path, f: &mut File| f.hub.state = reader.state(value, path),
            shape: schema::state,
        },
        "",
        "Of mcp-hub: the folder of what outlives the process, `.mcp-hub` beside this file if not given; \"off\" is none.",
    ),
    Key::new("limits", Kind::Limits(Scope::Proxy, |f| &mut f.settings.limits), "", "Bounds."),
    Key::<File>::new("mcpServers", Kind::Servers(|f| &mut f.servers), "", "The servers, by their names.")
        .or(&["servers", "context_servers"]),
];
