//! What a server needs before it can be started for the first time.

use std::{
    fmt,
    path::{Path, PathBuf},
};

/// What an entry says about the installation of its server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InstallSettings {
    /// Where it goes. Default: a folder of its name among the tools.
    pub directory: Option<PathBuf>,
    /// What makes it.
    pub commands: Vec<InstallCommand>,
}

/// One command of an installation. `Debug` shows no argument.
#[derive(Clone, PartialEq, Eq)]
pub enum InstallCommand {
    /// A program and its arguments, which no shell reads.
    Words(Vec<String>),
    /// A line for a shell.
    Shell(String),
}

/// How a server is installed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// Where it goes, as an absolute path; where this is, nothing is to be done.
    pub directory: PathBuf,
    /// What makes it, to be run one after the other in the folder that holds the directory.
    pub commands: Vec<InstallCommand>,
}

impl Install {
    /// How `server` is installed: in its own directory, else in a folder of its name in `tools_folder`, else in one in
    /// `tools` beside the configuration file `config`.
    pub(crate) fn of(server: &str, settings: &InstallSettings, tools_folder: Option<&Path>, config: &Path) -> Self {
        let directory = match (&settings.directory, tools_folder) {
            (Some(directory), _) => directory.clone(),
            // The name of a server has no separator in it and is not `..`, so this stays in its folder.
            (None, Some(folder)) => folder.join(server),
            (None, None) => config.with_file_name("tools").join(server),
        };
        let directory = std::path::absolute(&directory).unwrap_or(directory);
        Self { directory, commands: settings.commands.clone() }
    }
}

impl InstallCommand {
    /// As it would be typed into a shell.
    #[must_use]
    pub fn line(&self) -> String {
        match self {
            Self::Words(words) => words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "),
            Self::Shell(line) => line.clone(),
        }
    }
}

/// A word of a command line, in quotes where a shell would read it as something else.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:@%+=,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

impl fmt::Debug for InstallCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Words(words) => write!(f, "Words({} words)", words.len()),
            Self::Shell(line) => write!(f, "Shell({} bytes)", line.len()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::split_words;

    #[test]
    fn a_server_goes_where_it_says_or_among_the_tools() {
        let config = Path::new("/etc/hub/mcp.json");
        let own = InstallSettings { directory: Some("/srv/x".into()), commands: Vec::new() };
        let none = InstallSettings::default();
        for (settings, folder, expected) in [
            (&own, Some("/tools"), "/srv/x"),
            (&none, Some("/tools"), "/tools/a b"),
            (&none, None, "/etc/hub/tools/a b"),
        ] {
            let install = Install::of("a b", settings, folder.map(Path::new), config);
            assert_eq!(install.directory, Path::new(expected));
        }
        let relative = Install::of("a", &none, Some(Path::new("tools")), config).directory;
        assert!(relative.is_absolute() && relative.ends_with("tools/a"), "{}", relative.display());
    }

    #[test]
    fn a_line_means_the_words_and_debug_shows_none() {
        let words = ["git", "clone", "https://x/y?a=b&c", "it's", "", "a b", "$HOME"].map(str::to_owned).to_vec();
        let command = InstallCommand::Words(words.clone());
        assert_eq!(split_words(&command.line()).unwrap(), words);
        assert_eq!(
            format!("{command:?} {:?}", InstallCommand::Shell("s3cret".to_owned())),
            "Words(7 words) Shell(6 bytes)"
        );
    }
}
