//! The variables that make settings, as the systems before us called them.

use std::ffi::OsString;

use mcp_proxy_core::transport::Secret;

use crate::{IdleTimeout, RequestVariables, SessionKind, split_words};

/// One variable.
pub(super) struct Variable<T> {
    pub(super) name: &'static str,
    /// Reads its value, which is trimmed and not empty.
    pub(super) read: fn(&str) -> Option<T>,
    /// What it must be, to end a sentence with.
    pub(super) must: &'static str,
}

pub(super) const CONFIG_PATH: &str = "CONFIG_PATH";

pub(super) const MCP_SERVER_CONFIG: Variable<Vec<OsString>> = Variable {
    name: "MCP_SERVER_CONFIG",
    read: |text| Some(split_words(text).ok()?.into_iter().map(Into::into).collect()),
    must: "a command line, with its quotes closed and no `\\` at its end",
};

pub(super) const REQUEST_ENV: Variable<RequestVariables> = Variable {
    name: "REQUEST_ENV",
    read: |text| text.parse().ok(),
    must: "`*`, or names of variables with commas between them, and none that changes what a program runs or trusts",
};

pub(super) const PORT: Variable<u16> =
    Variable { name: "PORT", read: |text| text.parse().ok(), must: "a port, from 0 to 65535" };

pub(super) const AUTH_KEY: Variable<Secret> =
    Variable { name: "AUTH_KEY", read: |text| Some(Secret::new(text)), must: "a key" };

pub(super) const IDLE_TIMEOUT: Variable<IdleTimeout> = Variable {
    name: "IDLE_TIMEOUT",
    read: |text| IdleTimeout::parse_or_millis(text).ok(),
    must: "a number of milliseconds, a time with its unit such as `5m`, or `off`",
};

pub(super) const SHARED_SESSION: Variable<SessionKind> = Variable {
    name: "SHARED_SESSION",
    read: |text| {
        let shared = ["true", "1", "yes"].iter().any(|yes| text.eq_ignore_ascii_case(yes));
        Some(if shared { SessionKind::Shared } else { SessionKind::Dedicated })
    },
    must: "true or false",
};

pub(super) const RUST_LOG: Variable<String> =
    Variable { name: "RUST_LOG", read: |text| Some(text.to_owned()), must: "a log level, or directives" };

pub(super) const LOGGING: Variable<String> = Variable {
    name: "LOGGING",
    read: |text| {
        let level = text.to_ascii_lowercase();
        ["error", "warn", "info", "debug"].contains(&&*level).then_some(level)
    },
    must: "one of error, warn, info, debug",
};
