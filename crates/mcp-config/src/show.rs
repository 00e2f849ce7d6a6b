//! The configuration that holds, for people.

mod entry;
mod hub;

use std::ffi::OsString;

use crate::{File, Hub, LimitSetting, Origin, RequestVariables, ServerEntry, Settings, Sourced, limits::LIMITS};

type Row = Vec<String>;

/// Every setting with its value and where that comes from, then every server: plain text in columns.
///
/// Keys, arguments, the query of a URL and the values of variables and headers are not in it.
#[must_use]
pub fn show(settings: &Settings, servers: &[ServerEntry]) -> String {
    whole(settings, Vec::new(), servers)
}

/// The same of a hub, with its own settings and its groups.
#[must_use]
pub fn show_hub(settings: &Settings, hub: &Hub, file: &File) -> String {
    let groups: Vec<_> = file.hub.groups.iter().map(hub::group).collect();
    let groups = if groups.is_empty() { String::new() } else { format!("\ngroups\n{}", aligned(&groups)) };
    whole(settings, hub::rows(hub, &file.hub.grants), &file.servers) + &groups
}

fn whole(settings: &Settings, more: Vec<Row>, servers: &[ServerEntry]) -> String {
    let s = settings;
    let mut rows = vec![
        row("server", &s.server, |command| optional(command.as_deref().map(command_line))),
        row("requestEnv", &s.request_env, request_env),
        row("host", &s.host, ToString::to_string),
        row("port", &s.port, ToString::to_string),
        row("authKey", &s.auth_key, |key| optional(key.as_ref().map(|_| "***"))),
        row("keys", &s.keys, |keys| list(keys.keys().map(|name| format!("{name}=***")))),
        row("idleTimeout", &s.idle_timeout, ToString::to_string),
        row("session", &s.session, ToString::to_string),
        row("start", &s.start, ToString::to_string),
        row("allowedHosts", &s.allowed_hosts, |hosts| list(hosts)),
        row("allowedOrigins", &s.allowed_origins, |origins| list(origins)),
        row("publicUrl", &s.public_url, |url| optional(url.as_deref())),
        row("configApi", &s.config_api, ToString::to_string),
        row("allowUnauthenticated", &s.allow_unauthenticated, ToString::to_string),
        row("tlsCert", &s.tls_cert, |path| optional(path.as_deref().map(|path| path.display().to_string()))),
        row("tlsKey", &s.tls_key, |path| optional(path.as_deref().map(|path| path.display().to_string()))),
        row("logLevel", &s.log_level, String::clone),
        row("logFormat", &s.log_format, ToString::to_string),
        row("threads", &s.threads, ToString::to_string),
    ];
    rows.extend(more);
    let mut bounds = settings.bounds();
    rows.extend(LIMITS.iter().map(|limit| {
        let set = settings.limits.iter().rfind(|set| set.value.name() == limit.name);
        let source = set.map_or(Origin::Default, |set| set.source);
        let value = LimitSetting::of(limit, &mut bounds);
        row(&format!("limits.{}", value.key()), &Sourced { value, source }, LimitSetting::value)
    }));
    let servers = if servers.is_empty() {
        "no servers\n".to_owned()
    } else {
        format!("servers\n{}", aligned(&servers.iter().map(entry::row).collect::<Vec<_>>()))
    };
    format!("settings\n{}\n{servers}", aligned(&rows))
}

fn row<T>(name: &str, setting: &Sourced<T>, value: impl FnOnce(&T) -> String) -> Row {
    vec![name.to_owned(), value(&setting.value), setting.source.to_string()]
}

fn optional(value: Option<impl Into<String>>) -> String {
    value.map_or_else(|| "none".to_owned(), Into::into)
}

fn list(items: impl IntoIterator<Item = impl AsRef<str>>) -> String {
    let items: Vec<_> = items.into_iter().collect();
    let items: Vec<_> = items.iter().map(AsRef::as_ref).collect();
    if items.is_empty() { "none".to_owned() } else { items.join(", ") }
}

fn request_env(variables: &RequestVariables) -> String {
    match variables {
        RequestVariables::Any => "*".to_owned(),
        RequestVariables::Listed(names) => list(names),
    }
}

fn command_line(words: &[OsString]) -> String {
    let program = words.first().map(|program| program.to_string_lossy()).unwrap_or_default();
    entry::command(&program, words.len().saturating_sub(1))
}

/// Columns as wide as their widest value, the last one aside.
fn aligned(rows: &[Row]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|it| it.chars().count()).max();
    let widths: Vec<usize> = (0..columns).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Row| {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
        format!("  {}\n", cells.collect::<Vec<_>>().join("  ").trim_end())
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests;
