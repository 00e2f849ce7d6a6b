//! One server, for people.

use mcp_proxy_core::{
    aggregator::{Pattern, Pin, Rules},
    protocol::Era,
};

use super::{Row, list};
use crate::{ServerEntry, ServerSettings, Target, Wire, value::write_time};

/// Its name, how it is reached, and what its entry says besides.
pub(super) fn row(entry: &ServerEntry) -> Row {
    let (kind, place, names) = match &entry.target {
        Target::Stdio { command, args, env, .. } => {
            ("stdio", self::command(command, args.len()), ("env", env.keys().cloned().collect::<Vec<_>>()))
        }
        Target::Remote { url, wire, headers } => {
            let kind = match wire {
                Wire::Detect => "http or sse",
                Wire::Streamable => "http",
                Wire::Sse => "sse",
            };
            (kind, url.to_string(), ("headers", headers.keys().map(ToString::to_string).collect()))
        }
        Target::Custom { kind, .. } => (&**kind, String::new(), ("", Vec::new())),
    };
    let mut said = settings(&entry.settings);
    said.extend(rules(&entry.rules));
    if !names.1.is_empty() {
        said.push(format!("{}: {}", names.0, list(names.1)));
    }
    vec![entry.name.to_string(), kind.to_owned(), place, said.join("; ")]
}

/// A program and how many arguments it gets; what they are may be secret.
pub(super) fn command(program: &str, arguments: usize) -> String {
    match arguments {
        0 => program.to_owned(),
        1 => format!("{program} (1 argument)"),
        more => format!("{program} ({more} arguments)"),
    }
}

/// What is different about its items; how many they are, for the list may be long.
fn rules(rules: &Rules) -> Vec<String> {
    let patterns = |word: &str, patterns: &[Pattern]| {
        (!patterns.is_empty()).then(|| format!("{word}: {}", list(patterns.iter().map(Pattern::as_str))))
    };
    let count = |word: &str, count: usize| match count {
        0 => None,
        1 => Some(format!("1 rule for {word}")),
        more => Some(format!("{more} rules for {word}")),
    };
    let pin = match rules.pin {
        Pin::Off => None,
        Pin::Warn => Some("pin=warn".to_owned()),
        Pin::Block => Some("pin=block".to_owned()),
    };
    let said = [
        rules.allow.as_deref().map(|allow| format!("allow: {}", list(allow.iter().map(Pattern::as_str)))),
        patterns("deny", &rules.deny),
        pin,
        count("tools", rules.tools.len()),
        count("prompts", rules.prompts.len()),
        count("resources", rules.resources.len()),
    ];
    said.into_iter().flatten().collect()
}

fn settings(settings: &ServerSettings) -> Vec<String> {
    let s = settings;
    let mut said: Vec<String> = s.disabled.then(|| "disabled".to_owned()).into_iter().collect();
    let mut say = |name: &str, value: Option<String>| said.extend(value.map(|value| format!("{name}={value}")));
    say("autoRestart", s.auto_restart.map(|it| it.to_string()));
    say("maxRestarts", s.max_restarts.map(|it| it.to_string()));
    say("retryAfter", s.retry_after.map(write_time));
    say("session", s.session.map(|it| it.to_string()));
    say("idleTimeout", s.idle_timeout.map(|it| it.to_string()));
    say("start", s.start.map(|it| it.to_string()));
    say("interactive", s.interactive.map(|it| it.to_string()));
    say("sharedLogs", s.shared_logs.map(|it| it.to_string()));
    say("dialect", s.dialect.map(|it| it.to_string()));
    say("era", s.era.map(|era| if era == Era::Modern { "modern" } else { "legacy" }.to_owned()));
    say("clientCapabilities", s.client_capabilities.map(|it| it.to_string()));
    say("retry", s.retry.enabled.filter(|on| !on).map(|_| "off".to_owned()));
    say("retry.attempts", s.retry.attempts.map(|it| it.to_string()));
    say("retry.base", s.retry.base.map(write_time));
    say("installDirectory", s.install.directory.as_ref().map(|path| path.display().to_string()));
    say("installCommands", Some(s.install.commands.len()).filter(|count| 0 < *count).map(|count| count.to_string()));
    said.extend(s.limits.iter().map(|limit| format!("limits.{}={}", limit.key(), limit.value())));
    if !s.request_env.is_empty() {
        said.push(format!("requestEnv: {}", list(s.request_env.keys())));
    }
    said
}
