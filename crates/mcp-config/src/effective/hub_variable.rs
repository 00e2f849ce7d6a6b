//! The variables that make settings of a hub, as mcp-proxy-server calls them.

use std::{path::PathBuf, time::Duration};

use mcp_proxy_core::{aggregator::Naming, transport::Secret};

use super::variable::Variable;

/// The variables about calls to servers of one kind.
pub(super) struct OfKind {
    pub(super) enabled: &'static [Variable<bool>],
    pub(super) attempts: &'static [Variable<u32>],
    pub(super) base: &'static [Variable<Duration>],
}

/// The name has always had its spelling; the right one does too.
pub(super) const SEPARATOR: [Variable<Naming>; 2] =
    [separator("SERVER_TOOLNAME_SEPERATOR"), separator("SERVER_TOOLNAME_SEPARATOR")];

pub(super) const ALLOWED_KEYS: [Variable<Vec<Secret>>; 2] = [keys("ALLOWED_KEYS"), keys("MCP_PROXY_SSE_ALLOWED_KEYS")];

pub(super) const ALLOWED_TOKENS: [Variable<Vec<Secret>>; 2] =
    [keys("ALLOWED_TOKENS"), keys("MCP_PROXY_SSE_ALLOWED_TOKENS")];

pub(super) const TOOLS_FOLDER: Variable<PathBuf> =
    Variable { name: "TOOLS_FOLDER", read: |text| Some(text.into()), must: "the path of a folder" };

pub(super) static SSE: OfKind = OfKind {
    enabled: &[switch("RETRY_SSE_TOOL_CALL"), switch("RETRY_SSE_TOOL_CALL_ON_DISCONNECT")],
    attempts: &[count("SSE_TOOL_CALL_MAX_RETRIES")],
    base: &[millis("SSE_TOOL_CALL_RETRY_DELAY_BASE_MS")],
};

pub(super) static HTTP: OfKind = OfKind {
    enabled: &[switch("RETRY_HTTP_TOOL_CALL")],
    attempts: &[count("HTTP_TOOL_CALL_MAX_RETRIES")],
    base: &[millis("HTTP_TOOL_CALL_RETRY_DELAY_BASE_MS")],
};

pub(super) static STDIO: OfKind = OfKind {
    enabled: &[switch("RETRY_STDIO_TOOL_CALL")],
    attempts: &[count("STDIO_TOOL_CALL_MAX_RETRIES")],
    base: &[millis("STDIO_TOOL_CALL_RETRY_DELAY_BASE_MS")],
};

pub(super) static NONE: OfKind = OfKind { enabled: &[], attempts: &[], base: &[] };

const fn separator(name: &'static str) -> Variable<Naming> {
    Variable { name, read: |text| Naming::new(text).ok(), must: "2 to 8 letters, digits, `_` or `-`" }
}

const fn keys(name: &'static str) -> Variable<Vec<Secret>> {
    Variable {
        name,
        read: |text| {
            let keys: Vec<_> = text.split(',').map(str::trim).filter(|key| !key.is_empty()).collect();
            let is_fit = |key: &&str| key.bytes().all(|byte| byte.is_ascii_graphic());
            keys.iter().all(is_fit).then(|| keys.into_iter().map(Secret::new).collect())
        },
        must: "keys with commas between them, each of visible ASCII characters without spaces",
    }
}

const fn switch(name: &'static str) -> Variable<bool> {
    Variable {
        name,
        read: |text| match text.to_ascii_lowercase().as_str() {
            "true" | "yes" | "1" => Some(true),
            "false" | "no" | "0" => Some(false),
            _ => None,
        },
        must: "true or false",
    }
}

const fn count(name: &'static str) -> Variable<u32> {
    Variable { name, read: |text| number(text).filter(|count| *count <= 100), must: "a whole number from 0 to 100" }
}

const fn millis(name: &'static str) -> Variable<Duration> {
    Variable {
        name,
        read: |text| number(text).filter(|count| *count <= 60_000).map(|count| Duration::from_millis(count.into())),
        must: "a number of milliseconds, from 0 to 60000",
    }
}

/// A plain number: the standard library's way of reading one allows a `+`.
fn number(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}
