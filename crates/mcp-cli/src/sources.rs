//! Where the configuration comes from: the command line, the environment, a `.env` file and the configuration file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use mcp_config::{
    Diagnostic, File, Origin, Overrides, Settings, Severity, Variables, config_path, parse, parse_dot_env,
};
use mcp_proxy_core::transport::Secret;

use crate::{CliError, Program};

/// All that was said, and what holds in the end.
#[derive(Debug)]
pub(crate) struct Sources {
    pub(crate) overrides: Overrides,
    pub(crate) variables: Variables,
    pub(crate) settings: Settings,
    pub(crate) file: Option<Read>,
    /// What is odd in the file.
    pub(crate) warnings: Vec<Diagnostic>,
}

/// A configuration file.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    pub(crate) file: File,
}

impl Sources {
    pub(crate) fn read(program: &Program) -> Result<Self, CliError> {
        let variables = variables()?;
        let key = match &program.common.auth_key_file {
            Some(path) => Some(Secret::new(read(path)?.trim())),
            None => program.common.auth_key.clone(),
        };
        let overrides = Overrides { server: program.server.clone(), ..program.common.overrides(key) };
        let (mut file, mut warnings) = (None, Vec::new());
        if let Some(path) = path(program, &variables) {
            let text = read(&path)?;
            let parsed = parse(&path, &text, &|name| variables.get(name));
            let Some(sound) = parsed.file else {
                let errors = parsed.diagnostics.into_iter().filter(|it| it.severity == Severity::Error);
                return Err(CliError::Wrong(errors.collect()));
            };
            warnings = parsed.diagnostics;
            file = Some(Read { path, text, file: sound });
        }
        let said = file.as_ref().map(|read| read.file.settings.clone()).unwrap_or_default();
        let mut settings = Settings::settle(overrides.clone(), &variables, said).map_err(CliError::Settings)?;
        if settings.port.source == Origin::Default {
            settings.port.value = program.port;
        }
        Ok(Self { overrides, variables, settings, file, warnings })
    }
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

/// The configuration file: the one that is named, else the usual one if it is here and no server is named either.
fn path(program: &Program, variables: &Variables) -> Option<PathBuf> {
    if program.server.is_some() && program.common.config.is_none() {
        return None;
    }
    let named = config_path(program.common.config.clone(), variables).map(|path| path.value);
    named.or_else(|| {
        let usual = Path::new(program.usual_file);
        let is_free = variables.get("MCP_SERVER_CONFIG").is_none_or(|command| command.trim().is_empty());
        (is_free && usual.is_file()).then(|| usual.to_owned())
    })
}

pub(crate) fn read(path: &Path) -> Result<String, CliError> {
    fs::read_to_string(path).map_err(|source| failed(path, "read", source))
}

pub(crate) fn failed(path: &Path, verb: &'static str, source: io::Error) -> CliError {
    CliError::File { path: path.to_owned(), verb, source }
}
