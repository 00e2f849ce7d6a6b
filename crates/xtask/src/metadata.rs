//! What cargo knows about the workspace, as far as we read it.

use std::collections::BTreeMap;
use std::process::Command;

use serde::Deserialize;

/// One package and the packages of this workspace that it depends on, dev dependencies apart.
pub(crate) type Graph = BTreeMap<String, Vec<String>>;

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
    path: Option<String>,
}

/// Asks `cargo metadata` for the packages of the workspace and the normal and build edges among them.
pub(crate) fn graph() -> Result<Graph, String> {
    let output = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .output()
        .map_err(|error| format!("cargo metadata does not start: {error}"))?;
    if !output.status.success() {
        return Err(format!("cargo metadata failed: {}", String::from_utf8_lossy(&output.stderr)));
    }
    parse(&output.stdout)
}

fn parse(json: &[u8]) -> Result<Graph, String> {
    let metadata: Metadata =
        serde_json::from_slice(json).map_err(|error| format!("cargo metadata has another shape: {error}"))?;
    Ok(metadata
        .packages
        .into_iter()
        .map(|package| {
            let inner = |edge: &Dependency| edge.path.is_some() && edge.kind.as_deref() != Some("dev");
            (package.name, package.dependencies.into_iter().filter(inner).map(|edge| edge.name).collect())
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_normal_edges_inside_the_workspace_count() {
        let json = br#"{"packages":[{"name":"a","dependencies":[
            {"name":"b","kind":null,"path":"/b"},
            {"name":"c","kind":"dev","path":"/c"},
            {"name":"serde","kind":null,"path":null}]}]}"#;
        assert_eq!(parse(json).unwrap(), Graph::from([("a".to_owned(), vec!["b".to_owned()])]));
    }
}
