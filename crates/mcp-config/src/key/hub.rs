//! The keys of groups, of named keys, and of how often calls are sent again.

use mcp_proxy_core::{aggregator::Pattern, transport::Secret};

use super::{Key, Kind, Table};
use crate::{Retries, RetrySetting};

/// What a group says.
#[derive(Default)]
pub(crate) struct GroupDraft {
    pub(crate) servers: Option<Vec<Pattern>>,
    pub(crate) tools: Option<Vec<Pattern>>,
    pub(crate) deny: Option<Vec<Pattern>>,
}

pub(crate) static GROUP: Table<GroupDraft> = Table {
    keys: &[
        Key::new(
            "servers",
            Kind::Own {
                read: |reader, value, path, group: &mut GroupDraft| group.servers = reader.server_patterns(value, path),
                shape: crate::schema::texts,
            },
            "",
            "The servers, by names with `*` and `?`; all if not given.",
        ),
        Key::new(
            "tools",
            Kind::Patterns(|group| &mut group.tools),
            "",
            "The tools, by the names that clients of the whole hub see; all of the servers if not given.",
        ),
        Key::new("deny", Kind::Patterns(|group| &mut group.deny), "", "Tools to leave out; wins over `tools`."),
    ],
    ignored: &["description"],
};

/// What a named key says that is more than its text.
#[derive(Default)]
pub(crate) struct KeyDraft {
    pub(crate) key: Option<Secret>,
    pub(crate) groups: Option<Vec<String>>,
    pub(crate) tools: Option<Vec<Pattern>>,
}

pub(crate) static KEY: Table<KeyDraft> = Table {
    keys: &[
        Key::new("key", Kind::Secret(|key| &mut key.key), "", "The key itself."),
        Key::new(
            "groups",
            Kind::Own {
                read: |reader, value, path, key: &mut KeyDraft| key.groups = reader.group_names(value, path),
                shape: crate::schema::texts,
            },
            "",
            "The groups of mcp-hub that its holder may use; everything if not given.",
        ),
        Key::new(
            "tools",
            Kind::Patterns(|key| &mut key.tools),
            "",
            "The tools of mcp-hub that its holder may use, by the names that clients of the whole hub see.",
        ),
    ],
    ignored: &["description"],
};

/// How often calls to one server, or to those of one kind, are sent again.
pub(crate) static RETRY: Table<RetrySetting> = Table {
    keys: &[
        Key::new(
            "attempts",
            Kind::Number(0..=MOST, |retry, count| (retry.attempts, retry.enabled) = (Some(count), Some(true))),
            "2",
            "How often a call is sent again at most, if it never arrived or may be repeated; 0 is never.",
        ),
        Key::new(
            "base",
            Kind::Time(|retry| &mut retry.base),
            "300ms",
            "The wait before the first repetition; it doubles with each.",
        ),
    ],
    ignored: &[],
};

const MOST: u32 = 100;

/// The same for all servers.
pub(crate) static RETRIES: Table<Retries> = Table {
    keys: &[
        Key::new(
            "attempts",
            Kind::Number(0..=MOST, |retry, count| {
                (retry.all.attempts, retry.all.enabled) = (Some(count), Some(true));
            }),
            "2",
            "How often a call is sent again at most, if it never arrived or may be repeated; 0 is never.",
        ),
        Key::new(
            "base",
            Kind::Time(|retry| &mut retry.all.base),
            "300ms",
            "The wait before the first repetition; it doubles with each.",
        ),
        of_kind(
            "stdio",
            |reader, value, path, retry| reader.retry(value, path, &mut retry.stdio),
            "Of child processes.",
        ),
        of_kind("sse", |reader, value, path, retry| reader.retry(value, path, &mut retry.sse), "Of HTTP+SSE."),
        of_kind("http", |reader, value, path, retry| reader.retry(value, path, &mut retry.http), "Of streamable HTTP."),
    ],
    ignored: &[],
};

const fn of_kind(name: &'static str, read: super::Read<Retries>, about: &'static str) -> Key<Retries> {
    Key::new(name, Kind::Own { read, shape: crate::schema::retry }, "", about)
}

/// The block `proxy` of mcp-proxy-server.
pub(crate) static BLOCK: Table<Retries> = Table {
    keys: &[
        Key::new("retrySseToolCall", Kind::LooseBool(|it| &mut it.sse.enabled), "", "Whether, by HTTP+SSE."),
        Key::new(
            "sseToolCallMaxRetries",
            Kind::Number(0..=MOST, |it, count| it.sse.attempts = Some(count)),
            "",
            "How often, by HTTP+SSE.",
        ),
        Key::new(
            "sseToolCallRetryDelayBaseMs",
            Kind::Number(0..=LONGEST, |it, wait| it.sse.base = Some(millis(wait))),
            "",
            "The first wait in milliseconds, by HTTP+SSE.",
        ),
        Key::new("retryHttpToolCall", Kind::LooseBool(|it| &mut it.http.enabled), "", "Whether, by streamable HTTP."),
        Key::new(
            "httpToolCallMaxRetries",
            Kind::Number(0..=MOST, |it, count| it.http.attempts = Some(count)),
            "",
            "How often, by streamable HTTP.",
        ),
        Key::new(
            "httpToolCallRetryDelayBaseMs",
            Kind::Number(0..=LONGEST, |it, wait| it.http.base = Some(millis(wait))),
            "",
            "The first wait in milliseconds, by streamable HTTP.",
        ),
        Key::new("retryStdioToolCall", Kind::LooseBool(|it| &mut it.stdio.enabled), "", "Whether, to child processes."),
        Key::new(
            "stdioToolCallMaxRetries",
            Kind::Number(0..=MOST, |it, count| it.stdio.attempts = Some(count)),
            "",
            "How often, to child processes.",
        ),
        Key::new(
            "stdioToolCallRetryDelayBaseMs",
            Kind::Number(0..=LONGEST, |it, wait| it.stdio.base = Some(millis(wait))),
            "",
            "The first wait in milliseconds, to child processes.",
        ),
    ],
    ignored: &["serverInfo"],
};

/// Milliseconds of a wait; a minute is longer than any client waits.
const LONGEST: u32 = 60_000;

const fn millis(count: u32) -> std::time::Duration {
    std::time::Duration::from_millis(count as u64)
}
