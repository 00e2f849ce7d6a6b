//! The keys of one server.

use std::{collections::BTreeMap, path::PathBuf};

use mcp_proxy_core::{
    aggregator::{Pattern, Pin, Rules},
    protocol::Era,
    transport::Secret,
};

use super::{Key, Kind, Part, Scope, Table};
use crate::{Dialect, Interactive, ServerSettings, SessionKind, SharedLogs, Start, schema};

/// What an entry says, before it is clear what that makes.
#[derive(Default)]
pub(crate) struct Draft {
    pub(crate) command: Option<String>,
    pub(crate) args: Option<Vec<String>>,
    pub(crate) env: Option<BTreeMap<String, Secret>>,
    pub(crate) cwd: Option<PathBuf>,
    pub(crate) url: Option<String>,
    pub(crate) headers: Option<BTreeMap<String, Secret>>,
    pub(crate) api_key: Option<Secret>,
    pub(crate) bearer_token: Option<Secret>,
    pub(crate) disabled: Option<bool>,
    pub(crate) active: Option<bool>,
    pub(crate) settings: ServerSettings,
    pub(crate) deny: Option<Vec<Pattern>>,
    /// What a list in `tools` says.
    pub(crate) listed: Option<Vec<Pattern>>,
    pub(crate) rules: Rules,
    pub(crate) install_directory: Option<PathBuf>,
    pub(crate) install_commands: Vec<CommandDraft>,
    pub(crate) install_shell: Option<bool>,
}

/// A command of an installation as it is written.
pub(crate) struct CommandDraft {
    pub(crate) at: usize,
    pub(crate) path: String,
    pub(crate) words: Vec<String>,
    /// The whole of it in one string.
    pub(crate) line: Option<String>,
}

pub(crate) static SERVER: Table<Draft> = Table { keys: KEYS, ignored: IGNORED };

/// Keys of other clients' files that mean nothing to a proxy.
const IGNORED: &[&str] = &[
    "alwaysAllow",
    "autoApprove",
    "description",
    "disabledTools",
    "gallery",
    "icon",
    "inputs",
    "name",
    "source",
    "timeout",
    "version",
];

const ERAS: &[&str] = &["legacy", "modern"];

const KEYS: &[Key<Draft>] = &[
    stdio("command", Kind::Expanded(|d| &mut d.command), "The program to start; no shell reads it."),
    stdio("args", Kind::Arguments(|d| &mut d.args), "Its arguments."),
    stdio("env", Kind::Secrets(|d| &mut d.env), "Variables that it gets besides the usual ones."),
    stdio("cwd", Kind::Path(|d| &mut d.cwd), "The directory to start it in."),
    stdio(
        "requestEnv",
        Kind::Sources(|d| &mut d.settings.request_env),
        "Variables that requests may set, each taken from a header or from the query; makes the server dedicated.",
    ),
    remote("url", Kind::Expanded(|d| &mut d.url), "The URL of a server that is not started here.")
        .or(&["serverUrl", "httpUrl"]),
    remote("headers", Kind::Secrets(|d| &mut d.headers), "Headers of every request to it."),
    remote("apiKey", Kind::Secret(|d| &mut d.api_key), "The same as a header `X-Api-Key`."),
    remote(
        "bearerToken",
        Kind::Secret(|d| &mut d.bearer_token),
        "The same as a header `Authorization: Bearer`; wins over `apiKey`.",
    ),
    remote(
        "forwardHeaders",
        Kind::Texts(|d| &mut d.settings.forward_headers),
        "Headers of a caller of mcp-rest that it gets too; different values never share a connection.",
    ),
    Key::new(
        "type",
        Kind::Type,
        "",
        "`stdio`, `http`, `sse`, or the word of a registered transport; found out if not given.",
    ),
    Key::new("disabled", Kind::Bool(|d| &mut d.disabled), "false", "Whether it is switched off."),
    Key::<Draft>::new("active", Kind::LooseBool(|d| &mut d.active), "true", "The opposite of `disabled`.")
        .or(&["enabled"]),
    Key::new(
        "autoRestart",
        Kind::Bool(|d| &mut d.settings.auto_restart),
        "true",
        "Whether it is started again when it ends by itself.",
    ),
    Key::new(
        "maxRestarts",
        Kind::Number(0..=u32::MAX, |d, count| d.settings.max_restarts = Some(count)),
        "3",
        "How often in a row it is started again.",
    ),
    Key::new(
        "retryAfter",
        Kind::Time(|d| &mut d.settings.retry_after),
        "60s",
        "How long after its last failure a use tries once more.",
    ),
    Key::new(
        "session",
        Kind::Choice(SessionKind::WORDS, |d, word| d.settings.session = word.parse().ok()),
        "",
        "How clients share it, if otherwise than the proxy's `session` says.",
    ),
    Key::new(
        "idleTimeout",
        Kind::Idle(|d| &mut d.settings.idle_timeout),
        "",
        "When it is idle for too long, if otherwise than the proxy's `idleTimeout` says.",
    ),
    Key::new(
        "start",
        Kind::Choice(Start::WORDS, |d, word| d.settings.start = word.parse().ok()),
        "",
        "When it is started, if otherwise than the proxy's `start` says.",
    ),
    Key::new(
        "interactive",
        Kind::Choice(Interactive::WORDS, |d, word| d.settings.interactive = word.parse().ok()),
        "lease",
        "What happens to a question of a shared server that could be any client's.",
    ),
    Key::new(
        "sharedLogs",
        Kind::Choice(SharedLogs::WORDS, |d, word| d.settings.shared_logs = word.parse().ok()),
        "drop",
        "What happens to a log message of a shared server that could be any client's.",
    ),
    Key::new(
        "dialect",
        Kind::Choice(Dialect::WORDS, |d, word| d.settings.dialect = word.parse().ok()),
        "standard",
        "The form of its HTTP routes.",
    ),
    Key::new(
        "era",
        Kind::Choice(ERAS, |d, word| {
            d.settings.era = Some(if word == "modern" { Era::Modern } else { Era::Legacy });
        }),
        "",
        "The era it speaks; found out by asking if not given.",
    ),
    Key::new(
        "clientCapabilities",
        Kind::Bool(|d| &mut d.settings.client_capabilities),
        "true",
        "Whether it is told that clients can be asked for roots, sampling and elicitation.",
    ),
    hub(
        "retry",
        Kind::Own {
            read: |reader, value, path, d: &mut Draft| reader.retry(value, path, &mut d.settings.retry),
            shape: schema::retry,
        },
        "Of mcp-hub: how often calls are sent again, if otherwise than its `retry` says; false is never.",
    ),
    hub(
        "allow",
        Kind::Patterns(|d| &mut d.rules.allow),
        "The tools that clients see, by names with `*` and `?`; all if not given.",
    ),
    hub("deny", Kind::Patterns(|d| &mut d.deny), "Tools that clients do not see; wins over `allow`."),
    hub(
        "pin",
        Kind::Choice(PINS, |d, word| d.rules.pin = pin(word)),
        "What becomes of a tool whose definition changes after it was first seen: it is logged, or blocked too.",
    ),
    hub(
        "tools",
        Kind::Own {
            read: |reader, value, path, d: &mut Draft| reader.tools(value, path, &mut d.rules.tools, &mut d.listed),
            shape: schema::tools,
        },
        "What is different about its tools, by their names; a list is the same as `allow`.",
    ),
    hub(
        "prompts",
        Kind::Own {
            read: |reader, value, path, d: &mut Draft| d.rules.prompts = reader.prompts(value, path),
            shape: schema::plain_items,
        },
        "What is different about its prompts, by their names.",
    ),
    hub(
        "resources",
        Kind::Own {
            read: |reader, value, path, d: &mut Draft| d.rules.resources = reader.resources(value, path),
            shape: schema::plain_items,
        },
        "What is different about its resources, by their URIs.",
    ),
    hub(
        "installDirectory",
        Kind::Path(|d| &mut d.install_directory),
        "Where it is installed; where that is, nothing is to be done. A folder of its name among the tools if not given.",
    ),
    hub(
        "installCommands",
        Kind::Own {
            read: |reader, value, path, d: &mut Draft| d.install_commands = reader.commands(value, path),
            shape: schema::commands,
        },
        "What installs it, run in the folder that holds `installDirectory`; each a command line or a list of words.",
    ),
    hub("installShell", Kind::Bool(|d| &mut d.install_shell), "Whether a shell reads those that are command lines."),
    Key::new("limits", Kind::Limits(Scope::Server, |d| &mut d.settings.limits), "", "Bounds of its own."),
];

const PINS: &[&str] = &["off", "warn", "block"];

fn pin(word: &str) -> Pin {
    match word {
        "warn" => Pin::Warn,
        "block" => Pin::Block,
        _ => Pin::Off,
    }
}

/// A key about what a hub makes of it.
const fn hub(name: &'static str, kind: Kind<Draft>, about: &'static str) -> Key<Draft> {
    Key { part: Part::Hub, ..Key::new(name, kind, "", about) }
}

const fn stdio(name: &'static str, kind: Kind<Draft>, about: &'static str) -> Key<Draft> {
    Key { part: Part::Stdio, ..Key::new(name, kind, "", about) }
}

const fn remote(name: &'static str, kind: Kind<Draft>, about: &'static str) -> Key<Draft> {
    Key { part: Part::Remote, ..Key::new(name, kind, "", about) }
}
