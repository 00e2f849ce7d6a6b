//! Where the configuration comes from: the command line, the environment, a `.env` file and the configuration file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use mcp_config::{
    Diagnostic, File, Hub, HubSettings, Origin, Overrides, ProxySettings, Settings, Severity, Variables,
    add_tool_config, config_path, parse, parse_dot_env,
};
use mcp_proxy_core::transport::Secret;

use crate::{CliError, Common, HubArguments, Program};

/// All that was said, and what holds in the end.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) overrides: Overrides,
    pub(crate) variables: Variables,
    pub(crate) settings: Settings,
    pub(crate) file: Option<Read>,
    pub(crate) hub: Option<HubSources>,
    /// What is odd in the files.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// A configuration file.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) file: File,
}

/// What is said of the servers as one.
#[derive(Debug)]
pub(crate) struct HubSources {
    pub(crate) flags: HubSettings,
    pub(crate) settled: Hub,
    /// The file with rules of tools, and its text if it is there.
    pub(crate) tools: Option<(PathBuf, Option<String>)>,
}

/// The file of mcp-proxy-server, and the one beside it.
const OF_OTHERS: (&str, &str) = ("mcp_server.json", "tool_config.json");

impl Sources {
    pub(crate) fn read(program: &Program) -> Result<Self, CliError> {
        let variables = variables()?;
        let overrides = Overrides { server: program.server.clone(), ..overrides(&program.common)? };
        let (mut file, mut warnings) = (None, Vec::new());
        if let Some(path) = path(program, &variables) {
            let text = read(&path)?;
            let parsed = parse(&path, &text, &|name| variables.get(name));
            let Some(sound) = parsed.file else { return Err(wrong(parsed.diagnostics)) };
            warnings = parsed.diagnostics;
            file = Some(Read { path, text, file: sound });
        }
        let mut settings = settle(&overrides, &variables, file.as_ref())?;
        let hub = match &program.hub {
            Some(arguments) => Some(HubSources::read(arguments, &variables, file.as_mut(), &mut warnings)?),
            None => None,
        };
        if settings.port.source == Origin::Default {
            settings.port.value = program.port;
        }
        Ok(Self { overrides, variables, settings, file, hub, warnings })
    }
}

impl HubSources {
    fn read(
        arguments: &HubArguments,
        variables: &Variables,
        file: Option<&mut Read>,
        warnings: &mut Vec<Diagnostic>,
    ) -> Result<Self, CliError> {
        let flags = arguments.overrides();
        let said = file.as_ref().map(|read| read.file.hub.clone()).unwrap_or_default();
        let settled = Hub::settle(flags.clone(), variables, &said).map_err(CliError::Settings)?;
        let Some(main) = file else { return Ok(Self { flags, settled, tools: None }) };
        let tools = tools(arguments, &main.path)?;
        if let Some((path, Some(text))) = &tools {
            let naming = &settled.separator.value;
            let told = add_tool_config(&mut main.file, path, text, naming, &|name| variables.get(name));
            if told.iter().any(|it| it.severity == Severity::Error) {
                return Err(wrong(told));
            }
            warnings.extend(told);
        }
        Ok(Self { flags, settled, tools })
    }
}

/// The file with rules of tools: the one that is named, which must be there, or the usual one beside the file of
/// mcp-proxy-server, which may come later.
fn tools(arguments: &HubArguments, main: &Path) -> Result<Option<(PathBuf, Option<String>)>, CliError> {
    if let Some(path) = &arguments.tool_config {
        return Ok(Some((path.clone(), Some(read(path)?))));
    }
    if main.file_name().is_none_or(|name| name != OF_OTHERS.0) {
        return Ok(None);
    }
    let path = main.with_file_name(OF_OTHERS.1);
    let text = match fs::read_to_string(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        read => Some(read.map_err(|source| failed(&path, "read", source))?),
    };
    Ok(Some((path, text)))
}

/// What the command line says that a configuration could say too.
pub(crate) fn overrides(common: &Common) -> Result<Overrides, CliError> {
    let key = match &common.auth_key_file {
        Some(path) => Some(Secret::new(read(path)?.trim())),
        None => common.auth_key.clone(),
    };
    Ok(common.overrides(key))
}

pub(crate) fn settle(overrides: &Overrides, variables: &Variables, file: Option<&Read>) -> Result<Settings, CliError> {
    let said = file.map_or_else(ProxySettings::default, |read| read.file.settings.clone());
    Settings::settle(overrides.clone(), variables, said).map_err(CliError::Settings)
}

/// What ends the program; what is only odd is not in it.
fn wrong(told: Vec<Diagnostic>) -> CliError {
    CliError::Wrong(told.into_iter().filter(|it| it.severity == Severity::Error).collect())
}

/// The environment, and what a `.env` file in this directory adds to it.
pub(crate) fn variables() -> Result<Variables, CliError> {
    let path = Path::new(".env");
    let set = match fs::read_to_string(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => BTreeMap::new(),
        read => parse_dot_env(path, &read.map_err(|source| failed(path, "read", source))?)?,
    };
    Ok(Variables::of_process(set))
}

/// The configuration file: the one that is named, else a usual one if it is here and no server is named either.
fn path(program: &Program, variables: &Variables) -> Option<PathBuf> {
    if program.server.is_some() && program.common.config.is_none() {
        return None;
    }
    let named = config_path(program.common.config.clone(), variables).map(|path| path.value);
    named.or_else(|| {
        let is_free = variables.get("MCP_SERVER_CONFIG").is_none_or(|command| command.trim().is_empty());
        let mut usual = program.usual_files.iter().map(PathBuf::from);
        // A hub has no single server that it would serve instead.
        usual.find(|path| (is_free || program.hub.is_some()) && path.is_file())
    })
}

pub(crate) fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| failed(path, "read", source))
}

pub(crate) fn failed(path: &Path, verb: &'static str, source: io::Error) -> CliError {
    CliError::File { path: path.to_owned(), verb, source }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;

    #[test]
    fn rules_of_tools_stand_beside_the_file_of_mcp_proxy_server_or_are_named() {
        let directory = TempDir::new().unwrap();
        let at = |name: &str| directory.path().join(name);
        let (ours, theirs, rules) = (at("mcp-hub.json"), at("mcp_server.json"), at("tool_config.json"));
        let named =
            |main: &Path, name: Option<&str>| tools(&HubArguments { tool_config: name.map(&at), state: None }, main);
        assert_eq!(named(&theirs, None).unwrap(), Some((rules.clone(), None)), "it may come later");
        fs::write(&rules, "{}").unwrap();
        assert_eq!(named(&theirs, None).unwrap(), Some((rules.clone(), Some("{}".to_owned()))));
        assert_eq!(named(&ours, None).unwrap(), None);
        assert_eq!(named(&ours, Some("tool_config.json")).unwrap(), Some((rules, Some("{}".to_owned()))));
        assert!(matches!(named(&ours, Some("none.json")), Err(CliError::File { .. })), "what is named must be there");
    }
}
