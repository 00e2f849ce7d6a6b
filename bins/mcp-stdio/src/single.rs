//! The one server that is served where there is no configuration file.

use std::{
    env,
    path::{Path, PathBuf},
    sync::Arc,
};

use mcp_cli::CliError;
use mcp_config::{Composer, Defaults, Origin, Settings};
use mcp_proxy_core::{ServerOptions, stdio::StdioServer, transport::Secret};

use crate::cli::Child;

/// Variables of ours that are no business of a server's.
const OURS: [&str; 6] =
    ["AUTH_KEY", "MCP_SERVER_CONFIG", "REQUEST_ENV", "SHARED_SESSION", "CONFIG_PATH", "IDLE_TIMEOUT"];

/// The server that the command line or the environment names, or the demo server, and what it is called.
pub(crate) fn server(
    child: Child,
    settings: &Settings,
    composer: &Composer,
) -> Result<(ServerOptions, String), CliError> {
    let (program, name, arguments) = if let Some([program, arguments @ ..]) = settings.server.value.as_deref() {
        let name = Path::new(program).file_name().unwrap_or(program).to_string_lossy().into_owned();
        (program.clone(), name, arguments.to_vec())
    } else {
        (own_path()?.into(), "demo-server".to_owned(), vec!["demo-server".into()])
    };
    let mut started = composer.child(program, &Arc::from(&*name), composer.limits()).args(arguments);
    if matches!(settings.server.source, Origin::Environment(_) | Origin::DotEnv(_)) {
        started = with_our_environment(started);
    }
    for variable in child.env {
        started = match variable.split_once('=') {
            // What was written is not quoted, for it may be a secret.
            Some(("", _)) => {
                let text = "`--env` has no name before its `=`; write NAME=VALUE, or NAME to hand on our own";
                return Err(CliError::Setting(text.to_owned()));
            }
            Some((name, value)) => started.env(name, Secret::new(value)),
            None => started.inherit(variable),
        };
    }
    if let Some(cwd) = child.cwd {
        started = started.cwd(cwd);
    }
    let mut options = composer.options(ServerOptions::new("server", started), &Defaults::of(settings))?;
    if let Some(era) = child.era {
        options = options.era(era.into());
    }
    if child.no_client_capabilities {
        options = options.without_client_capabilities();
    }
    Ok((options, name))
}

/// The path of this program, which has the demo server in it.
fn own_path() -> Result<PathBuf, CliError> {
    let text = "the path of this program is not known, so it cannot start its demo server; name a server to start";
    env::current_exe().map_err(|error| CliError::Setting(format!("{text}: {error}")))
}

/// Whoever names the server in the environment, as in a container, puts its variables there too.
fn with_our_environment(child: StdioServer) -> StdioServer {
    let usual = [("NODE_ENV", "production"), ("PYTHONUNBUFFERED", "1")];
    let missing = usual.into_iter().filter(|(name, _)| env::var_os(name).is_none());
    let child = missing.fold(child, |child, (name, value)| child.env(name, Secret::new(value)));
    let handed_on = env::vars_os().map(|(name, _)| name).filter(|name| !OURS.iter().any(|ours| *name == **ours));
    handed_on.fold(child, StdioServer::inherit)
}
