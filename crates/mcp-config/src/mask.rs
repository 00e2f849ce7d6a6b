//! Servers of a configuration file as they are shown, and as they come back.

use std::mem;

use crate::{
    EditError,
    edit::SECTIONS,
    json::{self, BYTE_ORDER_MARK, Comments, Json},
    key::SERVER,
};

mod loose;
mod text;

pub(crate) use text::{masked_beside, masked_text, unmasked_text};

/// What stands for a secret.
const MASK: &str = "***";
/// Members of an entry whose strings are secrets.
const SECRET: [&str; 4] = ["env", "headers", "apiKey", "bearerToken"];
/// Words in the name of something whose value is a secret.
const TELLING: [&str; 6] = ["key", "token", "secret", "password", "passwd", "auth"];

/// The servers of a file as JSON text, with what may be secret masked. `${NAME}` is no secret, it only says where one is. A
/// file that cannot be read has none.
pub(crate) fn masked(text: &str) -> String {
    let servers = servers(text).into_iter().map(|(name, mut entry)| {
        mask(&mut entry);
        (name, entry)
    });
    json::pretty(Json::Object(servers.collect()))
}

/// The servers of `body`, a whole configuration or the map of its servers alone, as JSON text; what is masked there is
/// taken from `text`.
pub(crate) fn unmasked(body: &str, text: &str) -> Result<String, EditError> {
    let wanted = json::read(body, Comments::Refused).map_err(EditError::Wanted)?;
    let Json::Object(mut wanted) = wanted else { return Err(EditError::NotAnObject("the configuration".to_owned())) };
    if let Some(section) = SECTIONS.iter().find_map(|name| wanted.iter().position(|(key, _)| key == name)) {
        let Json::Object(servers) = wanted.swap_remove(section).1 else {
            return Err(EditError::NotAnObject("`mcpServers`".to_owned()));
        };
        wanted = servers;
    }
    let old = servers(text);
    for (name, entry) in &mut wanted {
        let old = old.iter().find(|(known, _)| known == name).map(|(_, old)| old);
        unmask(name, entry, old)?;
    }
    Ok(json::pretty(Json::Object(wanted)))
}

/// The entry of the server `name` as JSON text; what is masked in `entry` is taken from `text`.
pub(crate) fn unmasked_entry(name: &str, entry: &str, text: &str) -> Result<String, EditError> {
    let mut entry = json::read(entry, Comments::Refused).map_err(EditError::Wanted)?;
    let servers = servers(text);
    let old = servers.iter().find(|(known, _)| known == name).map(|(_, old)| old);
    unmask(name, &mut entry, old)?;
    Ok(json::pretty(entry))
}

/// The entry of the server `name` of a file as JSON text, with what may be secret masked.
pub(crate) fn masked_entry(name: &str, text: &str) -> Option<String> {
    let (_, mut entry) = servers(text).into_iter().find(|(known, _)| known == name)?;
    mask(&mut entry);
    Some(json::pretty(entry))
}

/// The rule of one item, read from JSON text; what is masked in it is taken from that of `text`.
pub(crate) fn unmasked_rule(
    (server, section, item): (&str, &str, &str),
    rule: &str,
    text: &str,
) -> Result<Vec<(String, Json)>, EditError> {
    let rule = json::read(rule, Comments::Refused).map_err(EditError::Wanted)?;
    let within = |name: &str, value| Json::Object(vec![(name.to_owned(), value)]);
    let mut entry = within(section, within(item, rule));
    let servers = servers(text);
    unmask(server, &mut entry, servers.iter().find(|(known, _)| known == server).map(|(_, old)| old))?;
    let mut rule = entry;
    for _ in 0..2 {
        let Json::Object(mut members) = rule else { break };
        rule = members.pop().map_or(Json::Null, |(_, value)| value);
    }
    match rule {
        Json::Object(rule) => Ok(rule),
        _ => Err(EditError::NotAnObject(format!("the rule for `{item}`"))),
    }
}

fn servers(text: &str) -> Vec<(String, Json)> {
    let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
    let Ok(Json::Object(root)) = json::read(text, Comments::Allowed) else { return Vec::new() };
    let section = root.into_iter().find(|(name, _)| SECTIONS.contains(&&**name));
    if let Some((_, Json::Object(servers))) = section { servers } else { Vec::new() }
}

/// Masks a whole file.
fn mask_file(file: &mut Json) {
    let Json::Object(members) = file else { return };
    for (name, value) in members {
        match (name.as_str(), value) {
            (name, Json::Object(servers)) if SECTIONS.contains(&name) => {
                for (_, entry) in servers {
                    mask(entry);
                }
            }
            ("keys", Json::Object(keys)) => keys.iter_mut().for_each(|(_, key)| mask_key(key)),
            // Names of groups and of a file are no secrets, whatever they say.
            ("groups" | "tlsKey", _) => {}
            (name, value) => mask_telling(name, value),
        }
    }
}

/// Masks a key that clients present; what it opens is no secret.
fn mask_key(key: &mut Json) {
    match key {
        Json::Object(members) => {
            let members = members.iter_mut().filter(|(name, _)| !matches!(&**name, "groups" | "tools" | "description"));
            members.for_each(|(_, value)| mask_all(value));
        }
        key => mask_all(key),
    }
}

/// Masks what is under a name that says that it is a secret, however deep.
fn mask_telling(name: &str, value: &mut Json) {
    match value {
        value if tells(name) => mask_all(value),
        Json::Object(members) => members.iter_mut().for_each(|(name, value)| mask_telling(name, value)),
        Json::Array(values) => values.iter_mut().for_each(|value| mask_telling(name, value)),
        _ => {}
    }
}

/// Masks an entry.
fn mask(entry: &mut Json) {
    let Json::Object(members) = entry else { return };
    for (name, value) in members {
        match (name.as_str(), value) {
            (name, value) if SECRET.contains(&name) => mask_all(value),
            ("tools", Json::Object(tools)) => tools.iter_mut().for_each(|(_, tool)| mask_parameters(tool)),
            ("args", Json::Array(arguments)) => mask_arguments(arguments),
            ("installCommands", Json::Array(commands)) => commands.iter_mut().for_each(mask_command),
            ("url" | "serverUrl" | "httpUrl", Json::String(url)) => mask_url(url),
            // What is nobody's known key may be a transport's own.
            (name, value) if SERVER.find(name).is_none() => mask_telling(name, value),
            _ => {}
        }
    }
}

/// Masks a command: its words, or a text with all of them.
fn mask_command(command: &mut Json) {
    match command {
        Json::Array(words) => mask_arguments(words),
        Json::String(text) => {
            let mut is_told = false;
            let mut words: Vec<_> = text.split(' ').map(str::to_owned).collect();
            for word in &mut words {
                mask_argument(word, &mut is_told);
            }
            *text = words.join(" ");
        }
        _ => {}
    }
}

/// Masks what a tool is given for parameters whose names say that it is a secret.
fn mask_parameters(tool: &mut Json) {
    let Json::Object(members) = tool else { return };
    let parameters = members.iter_mut().filter(|(name, _)| name == "parameters");
    for (_, parameters) in parameters {
        let Json::Object(parameters) = parameters else { continue };
        for (_, rule) in parameters.iter_mut().filter(|(name, _)| tells(name)) {
            let Json::Object(rule) = rule else { continue };
            let values = rule.iter_mut().filter(|(name, _)| matches!(&**name, "fixed" | "default"));
            values.for_each(|(_, value)| mask_all(value));
        }
    }
}

fn mask_all(value: &mut Json) {
    match value {
        Json::Object(members) => members.iter_mut().for_each(|(_, value)| mask_all(value)),
        Json::Array(values) => values.iter_mut().for_each(mask_all),
        Json::String(text) if !is_reference(text) => MASK.clone_into(text),
        _ => {}
    }
}

/// Masks what follows an argument such as `--api-key`, its `=` or the `:` of a header, and secrets in URLs.
fn mask_arguments(arguments: &mut [Json]) {
    let mut is_told = false;
    for argument in arguments {
        if let Json::String(text) = argument {
            mask_argument(text, &mut is_told);
        }
    }
}

/// Masks one of them; `is_told` is whether the one before says that this one is a secret, and then whether this one does.
fn mask_argument(text: &mut String, is_told: &mut bool) {
    if mem::take(is_told) && !text.starts_with('-') || text.starts_with('{') && tells(text) {
        return mask_text(text, 0);
    }
    match text.find(['=', ':']) {
        Some(end) if tells(&text[..end]) => mask_text(text, end + 1),
        Some(_) => mask_url(text),
        None => *is_told = text.starts_with('-') && tells(text),
    }
}

/// Whether a name says that what it is given is a secret: it has a word like `token` or `password` in it.
#[must_use]
pub fn is_telling(name: &str) -> bool {
    tells(name)
}

/// Whether what comes after a name is a secret.
pub(crate) fn tells(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    TELLING.iter().any(|word| name.contains(word))
}

fn mask_text(text: &mut String, from: usize) {
    if !is_reference(text[from..].trim()) {
        text.replace_range(from.., MASK);
    }
}

/// Masks the query of a URL, and whoever stands before its host.
fn mask_url(url: &mut String) {
    let Some(authority) = url.find("://").map(|end| end + 3) else { return };
    if let Some(query) = url[authority..].find('?') {
        url.replace_range(authority + query + 1.., MASK);
    }
    let path = url[authority..].find('/').map_or(url.len(), |path| authority + path);
    if let Some(user) = url[authority..path].rfind('@') {
        url.replace_range(authority..authority + user, MASK);
    }
}

/// Whether a text only says where the secret is.
pub(crate) fn is_reference(text: &str) -> bool {
    let inner = text.trim_start_matches("Bearer ").strip_prefix("${").and_then(|text| text.strip_suffix('}'));
    inner.is_some_and(|name| !name.contains([':', '$', '{']))
}

/// Puts back what is masked in the entry of the server `name` as it would be in `old`. A mask that stands for nothing there
/// must not become a value.
fn unmask(name: &str, entry: &mut Json, old: Option<&Json>) -> Result<(), EditError> {
    let old = old.unwrap_or(&Json::Null);
    let mut shown = old.clone();
    mask(&mut shown);
    restore(entry, &shown, old);
    let mut filled = entry.clone();
    fill(&mut filled);
    let mut would_be = filled.clone();
    mask(&mut would_be);
    match left(entry, &filled, &would_be, old) {
        Some(place) => Err(EditError::Masked(format!("{name}.{place}"))),
        None => Ok(()),
    }
}

/// Puts something in the place of every mask.
fn fill(value: &mut Json) {
    match value {
        Json::String(text) => *text = text.replace(MASK, "x"),
        Json::Array(values) => values.iter_mut().for_each(fill),
        Json::Object(members) => members.iter_mut().for_each(|(_, value)| fill(value)),
        _ => {}
    }
}

/// Where a mask stands that hides nothing: at the place of a secret, and `old` has no such text there.
fn left(value: &Json, filled: &Json, would_be: &Json, old: &Json) -> Option<String> {
    let below = |place: String, rest: String| if rest.is_empty() { place } else { format!("{place}.{rest}") };
    match (value, filled, would_be) {
        (Json::String(text), Json::String(filled), Json::String(would_be)) => {
            let is_there = matches!(old, Json::String(old) if old == text);
            (text.contains(MASK) && filled != would_be && !is_there).then(String::new)
        }
        (Json::Array(values), Json::Array(filled), Json::Array(would_be)) => {
            let old =
                |n: usize| if let Json::Array(old) = old { old.get(n).unwrap_or(&Json::Null) } else { &Json::Null };
            let mut items = values.iter().zip(filled).zip(would_be).enumerate();
            items.find_map(|(n, ((value, filled), would_be))| {
                left(value, filled, would_be, old(n)).map(|rest| below(n.to_string(), rest))
            })
        }
        (Json::Object(members), Json::Object(filled), Json::Object(would_be)) => {
            let old = |name: &str| match old {
                Json::Object(old) => old.iter().find(|(known, _)| known == name).map_or(&Json::Null, |(_, old)| old),
                _ => &Json::Null,
            };
            let mut items = members.iter().zip(filled).zip(would_be);
            items.find_map(|(((name, value), (_, filled)), (_, would_be))| {
                left(value, filled, would_be, old(name)).map(|rest| below(name.clone(), rest))
            })
        }
        _ => None,
    }
}

fn restore(value: &mut Json, shown: &Json, old: &Json) {
    match (value, shown, old) {
        (Json::String(value), Json::String(shown), Json::String(old)) if value == shown => old.clone_into(value),
        (Json::Array(values), Json::Array(shown), Json::Array(old)) => {
            for ((value, shown), old) in values.iter_mut().zip(shown).zip(old) {
                restore(value, shown, old);
            }
        }
        (Json::Object(members), Json::Object(shown), Json::Object(old)) => {
            for (name, value) in members {
                let find = |members: &'_ [(String, Json)]| members.iter().position(|(known, _)| known == name);
                if let (Some(shown_at), Some(old_at)) = (find(shown), find(old)) {
                    restore(value, &shown[shown_at].1, &old[old_at].1);
                }
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = r#"{
        // kept
        "mcpServers": {
            "a": {
                "command": "npx", "args": ["-y", "pkg", "--api-key=k3y", "--token", "t0ken", "--verbose"],
                "env": {"SECRET": "s3cret", "PLAIN": "${HERE}", "DEFAULT": "${X:-s3cret}"}
            },
            "b": {"url": "https://example.com/mcp?key=k3y", "headers": {"Authorization": "Bearer t0ken"}}
        }
    }"#;

    #[test]
    fn nothing_secret_is_shown() {
        let shown = masked(FILE);
        for secret in ["k3y", "t0ken", "s3cret"] {
            assert!(!shown.contains(secret), "{shown}");
        }
        for plain in ["\"pkg\"", "${HERE}", "--verbose", "https://example.com/mcp?***", "--api-key=***"] {
            assert!(shown.contains(plain), "{plain} in {shown}");
        }
    }

    #[test]
    fn arguments_are_masked_in_every_form_they_are_written_in() {
        for (arguments, masked) in [
            (r#"["--token", "t0ken==", "x"]"#, r#"["--token", "***", "x"]"#),
            (r#"["--token", "-v", "--key=a:b=c"]"#, r#"["--token", "-v", "--key=***"]"#),
            (
                r#"["run", "-e", "GITHUB_TOKEN=t0ken", "-e", "TZ=UTC"]"#,
                r#"["run", "-e", "GITHUB_TOKEN=***", "-e", "TZ=UTC"]"#,
            ),
            (r#"["--header", "Authorization: Bearer t0ken"]"#, r#"["--header", "Authorization:***"]"#),
            (r#"["--header", "Authorization:${AUTH}"]"#, r#"["--header", "Authorization:${AUTH}"]"#),
            (r#"["--config", "{\"a\": 1, \"apiKey\": \"k3y\"}"]"#, r#"["--config", "***"]"#),
            (r#"["--url=https://a.b/c?d=k3y"]"#, r#"["--url=https://a.b/c?***"]"#),
            (r#"["postgres://me:s3cret@db/x@y"]"#, r#"["postgres://***@db/x@y"]"#),
            (r#"["-y", "@scope/key-server", "https://a.b/c"]"#, r#"["-y", "@scope/key-server", "https://a.b/c"]"#),
        ] {
            let file = |arguments: &str| format!(r#"{{"servers": {{"a": {{"args": {arguments}}}}}}}"#);
            assert_eq!(super::masked(&file(arguments)), json::pretty(Json::Object(servers(&file(masked)))));
        }
    }

    #[test]
    fn keys_tokens_and_what_telling_parameters_are_given_are_masked_and_come_back() {
        let file = r#"{"mcpServers": {
            "a": {"url": "https://x", "apiKey": "s3cret"}, "b": {"url": "https://x", "bearerToken": "s3cret"},
            "c": {"command": "x", "apiKey": "${HERE}", "tools": {"t": {"exposedName": "plain", "parameters": {
                "api_key": {"fixed": "s3cret"}, "city": {"fixed": "Rome"}, "token": {"default": {"deep": ["s3cret"]}}
            }}}}
        }}"#;
        let shown = masked(file);
        assert!(!shown.contains("s3cret"), "{shown}");
        for plain in ["\"plain\"", "\"Rome\"", "${HERE}"] {
            assert!(shown.contains(plain), "{plain} in {shown}");
        }
        assert_eq!(unmasked(&shown, file).unwrap(), json::pretty(Json::Object(servers(file))));
    }

    #[test]
    fn what_comes_back_as_it_was_shown_means_what_it_was() {
        let back = unmasked(&masked(FILE), FILE).unwrap();
        assert_eq!(back, json::pretty(Json::Object(servers(FILE))));
        let whole = format!("{{\"mcpServers\":{}}}", masked(FILE));
        assert_eq!(unmasked(&whole, FILE).unwrap(), back, "with or without the name around it");
    }

    #[test]
    fn what_was_changed_stays_changed() {
        let entry = r#"{"command": "***", "env": {"SECRET": "new", "PLAIN": "${HERE}"}}"#;
        let back = unmasked_entry("a", entry, FILE).unwrap();
        assert!(back.contains("\"new\"") && back.contains("\"command\": \"***\""), "{back}");
        assert!(!back.contains("s3cret"));
    }

    #[test]
    fn a_mask_that_stands_for_nothing_is_refused() {
        let entry = r#"{"command": "npx", "env": {"OTHER": "***"}}"#;
        for name in ["a", "new"] {
            let refused = unmasked_entry(name, entry, FILE).unwrap_err();
            assert_eq!(refused, EditError::Masked(format!("{name}.env.OTHER")));
        }
        let servers = r#"{"a": {"command": "npx", "args": ["-v", "--token=***"]}}"#;
        assert_eq!(unmasked(servers, FILE).unwrap_err(), EditError::Masked("a.args.1".to_owned()));
        let stars = FILE.replace("s3cret\", ", "***\", ");
        assert!(unmasked(&masked(&stars), &stars).is_ok(), "it was there before");
    }
}
