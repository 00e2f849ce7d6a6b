//! Taking over the servers of another client.

use std::{
    env, fs, io,
    io::Write,
    path::{Path, PathBuf},
};

use mcp_config::{ClientKind, import, set_server, write_atomically};

use crate::{CliError, run::say, sources::failed};

/// Takes over the servers of `from`, a client's name or file, into the file at `to`, or prints what would be in it.
pub(crate) fn run(from: &str, to: Option<&Path>) -> Result<(), CliError> {
    let (path, client) = source(from)?;
    let text = fs::read_to_string(&path).map_err(|source| failed(&path, "read", source))?;
    let imported = import(&text, client)?;
    say(format_args!("{} servers of {}, from {}", imported.servers.len(), imported.client.as_str(), path.display()));
    imported.notes.iter().for_each(|note| say(format_args!("note: {note}")));
    let mut result = match to {
        Some(to) => match fs::read_to_string(to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            read => read.map_err(|source| failed(to, "read", source))?,
        },
        None => String::new(),
    };
    for (name, entry) in &imported.servers {
        result = set_server(&result, name, entry).map_err(|error| CliError::Setting(error.to_string()))?;
    }
    match to {
        Some(to) => {
            write_atomically(to, &result).map_err(|source| failed(to, "written", source))?;
            say(format_args!("they are in {} now", to.display()));
        }
        // Nobody reads what cannot be written.
        None => drop(io::stdout().write_all(result.as_bytes())),
    }
    Ok(())
}

/// The file, and whose it is if that was said.
fn source(from: &str) -> Result<(PathBuf, Option<ClientKind>), CliError> {
    // A name like `claude` is tried as each of the clients it may mean.
    let clients: Vec<_> = ClientKind::ALL
        .into_iter()
        .filter(|it| it.as_str().split('-').any(|word| word == from) || it.as_str() == from)
        .collect();
    if clients.is_empty() {
        return Ok((from.into(), None));
    }
    let home = env::home_dir().unwrap_or_default();
    let candidates: Vec<_> = clients
        .iter()
        .flat_map(|client| client.default_paths(&home, env::consts::OS).into_iter().map(|path| (path, Some(*client))))
        .collect();
    candidates.iter().find(|(path, _)| path.is_file()).cloned().ok_or_else(|| {
        let looked: Vec<_> = candidates.iter().map(|(path, _)| path.display().to_string()).collect();
        CliError::Setting(format!("there is no file of {from}; looked for {}", looked.join(", ")))
    })
}
