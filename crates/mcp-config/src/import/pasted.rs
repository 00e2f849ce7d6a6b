//! Servers in a text that somebody has copied from anywhere.

use std::collections::HashSet;

use super::{ClientKind, Entry, ImportError, Inputs, Members, fitting, member, object};
use crate::{
    edit::SECTIONS,
    install::quoted,
    json::{self, BYTE_ORDER_MARK, Comments, Json},
};

/// A server that was found.
pub(crate) struct Pasted {
    pub(crate) name: String,
    /// Its entry as JSON text.
    pub(crate) entry: String,
    /// Its command line.
    pub(crate) command: Option<String>,
    pub(crate) warnings: Vec<String>,
}

/// Words of which every entry has one.
const TELLING: [&str; 4] = ["command", "url", "serverUrl", "httpUrl"];

/// The servers of a client's file, of a map of entries (also without the braces around it), or a single entry.
pub(crate) fn pasted(text: &str) -> Result<Vec<Pasted>, ImportError> {
    let text = text.trim_start_matches(BYTE_ORDER_MARK).trim();
    let read = match json::read(text, Comments::Allowed) {
        Err(_) if text.starts_with('"') => json::read(&format!("{{{text}}}"), Comments::Allowed)?,
        read => read?,
    };
    let Json::Object(root) = read else { return Err(ImportError::NoServers) };
    let root = object(&root, "mcp").unwrap_or(&root);
    let section = SECTIONS.into_iter().find_map(|section| Some((section, object(root, section)?)));
    let is_entry = |members: &Members| TELLING.iter().any(|word| member(members, word).is_some());
    let single;
    let (client, servers) = match section {
        Some((section, servers)) => (ClientKind::guess(root, section, servers), servers),
        None if is_entry(root) => {
            single = vec![(name_of(root), Json::Object(root.clone()))];
            (ClientKind::ClaudeCode, &single)
        }
        None => {
            let is_one = |value: &Json| if let Json::Object(members) = value { is_entry(members) } else { false };
            single = root.iter().filter(|(_, value)| is_one(value)).cloned().collect();
            if single.is_empty() {
                return Err(ImportError::NoServers);
            }
            (ClientKind::ClaudeCode, &single)
        }
    };
    let mut taken = HashSet::new();
    let mut found = Vec::new();
    for (old, entry) in servers {
        let mut inputs = Inputs::new(root);
        let mut warnings = Vec::new();
        let mut note = |text: String| warnings.push(text);
        let translated = Entry::new(client, &mut inputs, &mut note).translate(entry);
        let name = fitting(old, &taken);
        if name != *old {
            warnings.push(format!("was called `{}`, but a name is part of a path here", old.escape_debug()));
        }
        taken.insert(name.clone());
        warnings.extend(inputs.notes());
        let command = translated.as_ref().and_then(command);
        let entry = json::pretty(Json::Object(translated.unwrap_or_default()));
        found.push(Pasted { name, entry, command, warnings });
    }
    Ok(found)
}

fn text<'a>(members: &'a [(String, Json)], name: &str) -> Option<&'a str> {
    match member(members, name) {
        Some(Json::String(text)) => Some(text),
        _ => None,
    }
}

fn words(members: &[(String, Json)]) -> impl Iterator<Item = &str> {
    let args = match member(members, "args") {
        Some(Json::Array(args)) => args.as_slice(),
        _ => &[],
    };
    args.iter().filter_map(|arg| if let Json::String(arg) = arg { Some(arg.as_str()) } else { None })
}

fn command(entry: &Members) -> Option<String> {
    let command = text(entry, "command")?;
    Some([command].into_iter().chain(words(entry)).map(quoted).collect::<Vec<_>>().join(" "))
}

/// What a single entry may be called: its own name, its package, its program or its host.
fn name_of(entry: &Members) -> String {
    let package = words(entry).find(|word| !word.starts_with('-'));
    let url = TELLING[1..].iter().find_map(|word| text(entry, word));
    let host =
        url.and_then(|url| url.split_once("://")).map(|(_, rest)| rest.split(['/', '?', ':']).next().unwrap_or(rest));
    let is_runner =
        |command: &&str| !matches!(*command, "npx" | "uvx" | "docker" | "node" | "python" | "python3" | "bunx");
    let program = text(entry, "command").filter(is_runner);
    let said = text(entry, "name").or(program).or(package).or(host).unwrap_or("server");
    let last = said.rsplit(['/', '\\']).next().unwrap_or(said);
    let bare = last.split('@').next().unwrap_or(last);
    if bare.is_empty() { "server".to_owned() } else { bare.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Name and command of each server.
    #[track_caller]
    fn found(text: &str) -> Vec<(String, String)> {
        pasted(text).unwrap().into_iter().map(|it| (it.name, it.command.unwrap_or_default())).collect()
    }

    #[test]
    fn every_shape_that_people_copy_is_understood() {
        let one = [("time".to_owned(), "uvx mcp-server-time '--zone=A B'".to_owned())];
        let entry = r#"{"command": "uvx", "args": ["mcp-server-time", "--zone=A B"]}"#;
        for text in [
            format!(r#"{{"mcpServers": {{"time": {entry}}}}}"#),
            format!(r#"{{"mcp": {{"servers": {{"time": {entry}}}}}}}"#),
            format!(r#"{{"context_servers": {{"time": {entry}}}}}"#),
            format!(r#"{{"time": {entry}, "more": 1}}"#),
            format!(" \"time\": {entry},\n"),
        ] {
            assert_eq!(found(&text), one, "{text}");
        }
        assert_eq!(found(entry)[0].0, "mcp-server-time");
    }

    #[test]
    fn a_single_entry_is_called_after_what_it_is() {
        for (entry, name) in [
            (r#"{"command": "npx", "args": ["-y", "@scope/server-files@1.2", "/srv"]}"#, "server-files"),
            (r#"{"command": "/usr/bin/mcp-git"}"#, "mcp-git"),
            (r#"{"url": "https://mcp.example.com:80/mcp?x"}"#, "mcp.example.com"),
            (r#"{"name": "mine", "serverUrl": "https://a"}"#, "mine"),
            (r#"{"command": "npx"}"#, "server"),
        ] {
            assert_eq!(found(entry)[0].0, name, "{entry}");
        }
    }

    #[test]
    fn what_we_know_is_kept_and_what_cannot_be_is_told() {
        let told = pasted(
            r#"{"a/b": {"command": "x", "deny": ["rm"], "env": {"T": "${input:t}"}, "timeout": 5}, "c": {"type": "ws", "url": "wss://c"}}"#,
        );
        let told = told.unwrap();
        assert!(told[0].entry.contains("\"deny\": [\"rm\"]") && told[0].entry.contains("${T}"), "{}", told[0].entry);
        assert_eq!((&*told[0].name, told[0].warnings.len()), ("a-b", 3));
        assert_eq!((&*told[1].entry, told[1].warnings.len()), ("{}", 1));
        for wrong in ["", "[]", "{}", "{\"a\": 1}", "nonsense", "\"a\""] {
            assert!(pasted(wrong).is_err(), "{wrong}");
        }
    }
}
