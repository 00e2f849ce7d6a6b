//! A `server.json` of the registry's format, as it is since 2025-09 and, with its words in `snake_case`, was before.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{
    Answers, Entry, Input, PackageError, Preview,
    input::{Inputs, Place},
    name,
};

mod value;
mod way;

use value::Value;
use way::Way;

#[derive(Debug, Deserialize)]
struct ServerJson {
    name: String,
    packages: Option<Vec<Package>>,
    remotes: Option<Vec<Remote>>,
}

/// As the registry answers: with what it knows itself beside it.
#[derive(Deserialize)]
struct Answered {
    server: Option<ServerJson>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[expect(clippy::struct_field_names, reason = "the words of the format")]
struct Package {
    #[serde(alias = "registry_type", alias = "registry_name")]
    registry_type: String,
    #[serde(alias = "registry_base_url")]
    registry_base_url: Option<String>,
    #[serde(alias = "name")]
    identifier: String,
    version: Option<String>,
    #[serde(alias = "runtime_hint")]
    runtime_hint: Option<String>,
    transport: Option<Local>,
    #[serde(alias = "runtime_arguments")]
    runtime_arguments: Option<Vec<Value>>,
    #[serde(alias = "package_arguments")]
    package_arguments: Option<Vec<Value>>,
    #[serde(alias = "environment_variables")]
    environment_variables: Option<Vec<Value>>,
}

#[derive(Debug, Deserialize)]
struct Local {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Remote {
    #[serde(rename = "type", alias = "transport_type")]
    kind: String,
    url: String,
    headers: Option<Vec<Value>>,
    variables: Option<BTreeMap<String, Value>>,
}

/// The server by the way number `choice`.
pub(super) fn preview(text: &str, answers: &Answers, choice: usize) -> Result<Preview, PackageError> {
    let text = text.trim().trim_start_matches('\u{feff}');
    let wrong = |error: serde_json::Error| PackageError::Json(error.to_string());
    let server = match serde_json::from_str::<Answered>(text).map_err(wrong)?.server {
        Some(server) => server,
        None => serde_json::from_str(text).map_err(wrong)?,
    };
    let ways = way::all(&server);
    if ways.is_empty() {
        let packages = server.packages.iter().flatten().map(|package| package.registry_type.as_str());
        let remotes = server.remotes.iter().flatten().map(|remote| remote.kind.as_str());
        let known = packages.chain(remotes).collect::<Vec<_>>().join(", ");
        return Err(PackageError::NoWay(if known.is_empty() { "it has none".to_owned() } else { known }));
    }
    let way = ways.get(choice).ok_or(PackageError::NoChoice(ways.len()))?;
    let mut inputs = Inputs::new(answers);
    let entry = way.entry(&mut inputs);
    Ok(Preview {
        name: name::short(&server.name),
        command: entry.command(),
        entry,
        inputs: inputs.into_asked(),
        choices: ways.iter().map(Way::to_string).collect(),
        choice,
    })
}
