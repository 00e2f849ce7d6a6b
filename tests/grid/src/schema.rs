//! The official schemas, and what a message has to be by them.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::{env, fs};

use jsonschema::Validator;
use serde_json::json;

use crate::Json;
use crate::revision::Revision;

/// Who has written a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum From {
    Client,
    Server,
}

/// The schemas of all revisions.
#[derive(Debug)]
pub(crate) struct Schemas {
    roots: HashMap<Revision, Json>,
    compiled: Mutex<HashMap<(Revision, String), Arc<Validator>>>,
}

impl Schemas {
    /// Those below the folder that `MCP_SPEC_DIR` names.
    pub(crate) fn find() -> Result<Self, String> {
        let folder = env::var_os("MCP_SPEC_DIR").map(PathBuf::from);
        let folder = folder.ok_or("MCP_SPEC_DIR has to name a folder with <revision>/schema.json in it")?;
        let roots = Revision::ALL.into_iter().map(|revision| Ok((revision, read(&folder, revision)?)));
        Ok(Self { roots: roots.collect::<Result<_, String>>()?, compiled: Mutex::default() })
    }

    /// What is wrong with a message of this revision; `asked` is the method that a response answers.
    pub(crate) fn fault(&self, revision: Revision, from: From, message: &Json, asked: Option<&str>) -> Option<String> {
        let definition = match (message["method"].as_str(), asked) {
            _ if message["jsonrpc"] != "2.0" => return Some("it is no JSON-RPC".into()),
            (Some(method), _) if is_ours(method) || is_of_extension(revision, method) => return None,
            (Some(method), _) => match self.named(revision, from, method, message.get("id").is_some()) {
                Some(name) => name,
                None => return Some(format!("{revision} has no `{method}` in this direction")),
            },
            (None, _) if message.get("error").is_some() => {
                let names = ["JSONRPCErrorResponse", "JSONRPCError"];
                (*names.iter().find(|name| self.definitions(revision).get(**name).is_some())?).to_owned()
            }
            (None, None) => return Some("it answers nothing that was asked".into()),
            (None, Some(asked)) if is_ours(asked) || is_of_extension(revision, asked) => return None,
            (None, Some(_)) if revision.is_modern() && message["result"]["resultType"] == "task" => return None,
            (None, Some(asked)) => {
                let result = &message["result"];
                let name = if result["resultType"] == "input_required" {
                    "InputRequiredResult".to_owned()
                } else if asked == "tools/call" && result.get("task").is_some() {
                    "CreateTaskResult".to_owned()
                } else {
                    self.result_of(revision, asked)
                };
                return self.validate(revision, &name, result).map(|error| format!("{name}: {error}"));
            }
        };
        self.validate(revision, &definition, message).map(|error| format!("{definition}: {error}"))
    }

    fn definitions(&self, revision: Revision) -> &Json {
        let root = &self.roots[&revision];
        root.get("$defs").unwrap_or(&root["definitions"])
    }

    /// The definition of a method, if it may go this way.
    fn named(&self, revision: Revision, from: From, method: &str, is_request: bool) -> Option<String> {
        let side = if from == From::Client { "Client" } else { "Server" };
        let name = format!("{side}{}", if is_request { "Request" } else { "Notification" });
        let definitions = self.definitions(revision);
        // Of one member it is that member.
        let members = definitions[&name]["anyOf"].as_array().map_or(&[][..], Vec::as_slice);
        let names = members.iter().filter_map(|member| member["$ref"].as_str()?.rsplit('/').next());
        names
            .chain([name.as_str()])
            .find(|name| definitions[*name]["properties"]["method"]["const"] == method)
            .map(str::to_owned)
    }

    /// The definition of what a method gives.
    fn result_of(&self, revision: Revision, method: &str) -> String {
        let definitions = self.definitions(revision);
        let all = definitions.as_object().into_iter().flatten();
        let mut requests = all.filter(|(_, definition)| definition["properties"]["method"]["const"] == method);
        let name = requests.find_map(|(name, _)| Some(name.strip_suffix("Request")?.to_owned() + "Result"));
        name.filter(|name| definitions.get(name).is_some()).unwrap_or_else(|| "EmptyResult".into())
    }

    fn validate(&self, revision: Revision, name: &str, instance: &Json) -> Option<String> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        let validator = compiled.entry((revision, name.to_owned())).or_insert_with(|| {
            let root = &self.roots[&revision];
            let key = if root.get("$defs").is_some() { "$defs" } else { "definitions" };
            let schema = json!({"$schema": root["$schema"], key: root[key], "$ref": format!("#/{key}/{name}")});
            Arc::new(jsonschema::validator_for(&schema).expect("an official schema is one"))
        });
        let validator = Arc::clone(validator);
        drop(compiled);
        let error = validator.validate(instance).err()?;
        Some(format!("{error} at {}", error.instance_path()).chars().take(300).collect())
    }
}

/// A word of nobody's protocol, with which the grid tries what passes through.
fn is_ours(method: &str) -> bool {
    method.contains("example")
}

/// The extension for tasks has no schema among those of the revision.
fn is_of_extension(revision: Revision, method: &str) -> bool {
    revision.is_modern() && (method.starts_with("tasks/") || method == "notifications/tasks")
}

fn read(folder: &Path, revision: Revision) -> Result<Json, String> {
    let file = folder.join(revision.as_str()).join("schema.json");
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))
}
