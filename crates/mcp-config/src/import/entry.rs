//! One server of a client, as an entry of ours.

use super::reference::{self, Found};
use super::{ClientKind, Inputs, Members};
use crate::{json::Json, key::SERVER};

/// What a client keeps about a server for itself.
const OF_THE_CLIENT: [&str; 8] =
    ["name", "description", "icon", "gallery", "version", "source", "alwaysAllow", "autoApprove"];

pub(super) struct Entry<'a> {
    client: ClientKind,
    inputs: &'a mut Inputs,
    note: &'a mut dyn FnMut(String),
    /// What the entry consists of.
    members: Members,
}

impl<'a> Entry<'a> {
    pub(super) fn new(client: ClientKind, inputs: &'a mut Inputs, note: &'a mut dyn FnMut(String)) -> Self {
        Self { client, inputs, note, members: Vec::new() }
    }

    /// None, and a note, if there is nothing that we could run or reach.
    pub(super) fn translate(mut self, entry: &Json) -> Option<Members> {
        let Json::Object(entry) = entry else {
            (self.note)("is left out, for its entry is no object".to_owned());
            return None;
        };
        for (key, value) in entry {
            self.member(key, value)?;
        }
        let has = |key: &str| super::member(&self.members, key).is_some();
        match (has("command"), has("url")) {
            (false, false) => {
                (self.note)("is left out, for it has neither a command nor a URL; is it an extension?".to_owned());
                None
            }
            (true, true) => {
                (self.note)("is left out, for it has both a command and a URL".to_owned());
                None
            }
            _ => Some(self.members),
        }
    }

    /// None if the server is to be left out for this member.
    fn member(&mut self, key: &str, value: &Json) -> Option<()> {
        match (key, value) {
            ("command", Json::Object(command)) => {
                for (key, value) in command {
                    self.member(if key == "path" { "command" } else { key }, value)?;
                }
            }
            ("command" | "cwd", Json::String(text)) => self.add_text(key, text),
            ("url" | "serverUrl" | "httpUrl", Json::String(text)) => self.add_text("url", text),
            ("args", Json::Array(args)) => {
                let args = args.iter().enumerate().filter_map(|(index, arg)| self.text(&format!("args[{index}]"), arg));
                let args = args.collect();
                self.add(key, Json::Array(args));
            }
            ("env" | "headers", Json::Object(values)) => {
                let values = values.iter().filter_map(|(name, value)| {
                    let value = self.text(&format!("{key}.{}", name.escape_debug()), value)?;
                    Some((name.clone(), value))
                });
                let values = values.collect();
                self.add(key, Json::Object(values));
            }
            ("type", Json::String(word)) => self.kind(word)?,
            ("disabled", Json::Bool(true)) | ("enabled", Json::Bool(false)) => self.add("disabled", Json::Bool(true)),
            ("disabled" | "enabled", Json::Bool(_)) | (_, Json::Null) => {}
            ("envFile", _) => {
                (self.note)("`envFile` is not carried over; put what is in that file into `env`".to_owned());
            }
            (key, _) if OF_THE_CLIENT.contains(&key) => {}
            (key, value) if SERVER.find(key).is_some() => self.add(key, value.clone()),
            (key, _) => (self.note)(format!("`{}` is not carried over", key.escape_debug())),
        }
        Some(())
    }

    fn kind(&mut self, word: &str) -> Option<()> {
        let kind = match word {
            // The command says it.
            "stdio" | "local" => return Some(()),
            // VS Code tries both transports then, and so do we if there is no word.
            "http" if self.client == ClientKind::VsCode => return Some(()),
            "http" | "streamable-http" | "streamableHttp" | "streamable_http" => "http",
            "sse" => "sse",
            _ => {
                (self.note)(format!("is left out, for `{}` is no transport that we know", word.escape_debug()));
                return None;
            }
        };
        self.add("type", Json::String(kind.to_owned()));
        Some(())
    }

    fn add_text(&mut self, key: &str, text: &str) {
        let text = self.referred(key, text);
        self.add(key, Json::String(text));
    }

    fn add(&mut self, key: &str, value: Json) {
        if super::member(&self.members, key).is_some() {
            (self.note)(format!("`{key}` is there twice in different words; the first is carried over"));
        } else {
            self.members.push((key.to_owned(), value));
        }
    }

    /// The value as text, as which some write numbers as well.
    fn text(&mut self, place: &str, value: &Json) -> Option<Json> {
        match value {
            Json::String(text) => Some(Json::String(self.referred(place, text))),
            Json::Number(text) => Some(Json::String(text.clone())),
            Json::Bool(bool) => Some(Json::String(bool.to_string())),
            _ => {
                (self.note)(format!("`{place}` is no text and not carried over"));
                None
            }
        }
    }

    fn referred(&mut self, place: &str, text: &str) -> String {
        reference::replace(text, |found| match found {
            Found::Input(id) => Some(self.inputs.variable(id)),
            Found::Unknown => {
                (self.note)(format!("`{place}` has a `${{…}}` that means nothing here; write what it stands for"));
                None
            }
        })
    }
}
