//! What an install does, worked out before it is shown.

use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use mcp_config::check_name;

use crate::hex::hex;

/// Why there is no plan for a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// The name of the server cannot name a directory.
    #[error("the name of the server cannot name a directory; give it an `installDirectory`")]
    Name,
    /// The directory leads up.
    #[error("`installDirectory` must not have `..` in it; write where it really is")]
    Up,
    /// There is no directory above it to run commands in.
    #[error("`installDirectory` must be a directory inside another one")]
    Root,
}

/// Where the directory was said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum DirectoryFrom {
    /// In `installDirectory` of the server.
    Configuration,
    /// It is below `TOOLS_FOLDER`, which is this.
    ToolsFolder(PathBuf),
    /// Nowhere: it is below `tools` in the working directory.
    Default,
}

/// A command of an install.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum InstallCommand {
    /// A program and its arguments, which no shell reads.
    Words(Vec<String>),
    /// A line for `sh -c`; only where the configuration allows one.
    Shell(String),
}

impl InstallCommand {
    /// The command as a person reads it; what a shell would take apart is in quotes.
    pub(crate) fn text(&self) -> String {
        match self {
            Self::Words(words) => join_words(words),
            Self::Shell(line) => line.clone(),
        }
    }

    /// Whether a shell reads it.
    pub(crate) fn is_shell(&self) -> bool {
        matches!(self, Self::Shell(_))
    }
}

/// Words as one command line, which a shell takes apart into the same words.
pub(crate) fn join_words<T: AsRef<str>>(words: &[T]) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./:=@,+%^".contains(c);
    let quoted = words.iter().map(AsRef::as_ref).map(|word| {
        if !word.is_empty() && word.chars().all(plain) {
            word.to_owned()
        } else {
            format!("'{}'", word.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// What is done to install a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstallPlan {
    /// The name of the server.
    pub(crate) server: String,
    /// What has to be there afterwards. An absolute path.
    pub(crate) directory: PathBuf,
    /// Where that was said.
    pub(crate) from: DirectoryFrom,
    /// What is run in the directory above it, one after the other.
    pub(crate) commands: Vec<InstallCommand>,
}

impl InstallPlan {
    /// A plan for `server`: its directory is `configured`, or else its name in `tools_folder`, or else its name in `tools`.
    /// What is relative is so to `here`, the working directory. An empty path is none.
    ///
    /// # Errors
    ///
    /// Fails if the directory would lie outside of where it belongs.
    pub(crate) fn new(
        server: &str,
        configured: Option<&Path>,
        tools_folder: Option<&Path>,
        here: &Path,
        commands: Vec<InstallCommand>,
    ) -> Result<Self, PlanError> {
        let configured = configured.filter(|path| !path.as_os_str().is_empty());
        let tools_folder = tools_folder.filter(|path| !path.as_os_str().is_empty());
        let (directory, from) = match (configured, tools_folder) {
            (Some(directory), _) => (here.join(directory), DirectoryFrom::Configuration),
            (None, Some(folder)) => {
                (here.join(folder).join(single(server)?), DirectoryFrom::ToolsFolder(folder.into()))
            }
            (None, None) => (here.join("tools").join(single(server)?), DirectoryFrom::Default),
        };
        // The proxy itself may run anywhere; what the configuration adds to that must not lead up.
        let added = configured.or(tools_folder).unwrap_or(Path::new(""));
        if added.components().any(|part| part == Component::ParentDir) {
            return Err(PlanError::Up);
        }
        // Without `.` and doubled slashes, so that the directory above is the one that it seems to be.
        let directory: PathBuf = directory.components().collect();
        if directory.parent().is_none() {
            return Err(PlanError::Root);
        }
        Ok(Self { server: server.to_owned(), directory, from, commands })
    }

    /// The directory that the commands run in.
    pub(crate) fn parent(&self) -> &Path {
        self.directory.parent().unwrap_or(&self.directory)
    }

    /// A digest of all that matters, to hold what is run against what was shown.
    pub(crate) fn digest(&self) -> String {
        let mut digest = Context::new(&SHA256);
        let mut add = |kind: u8, bytes: &[u8]| {
            digest.update(&[kind]);
            // With its length, so that no two lists of texts look the same.
            digest.update(&(bytes.len() as u64).to_be_bytes());
            digest.update(bytes);
        };
        add(0, self.server.as_bytes());
        add(1, self.directory.as_os_str().as_encoded_bytes());
        for command in &self.commands {
            match command {
                InstallCommand::Shell(line) => add(2, line.as_bytes()),
                InstallCommand::Words(words) => {
                    add(3, &[]);
                    for word in words {
                        add(4, word.as_bytes());
                    }
                }
            }
        }
        hex(digest.finish().as_ref())
    }
}

/// The name as one part of a path.
fn single(server: &str) -> Result<&str, PlanError> {
    let mut parts = Path::new(server).components();
    let single = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == server);
    // The second also refuses what means something on other systems.
    if single && check_name(server).is_ok() { Ok(server) } else { Err(PlanError::Name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(server: &str, configured: Option<&str>, folder: Option<&str>) -> Result<InstallPlan, PlanError> {
        InstallPlan::new(server, configured.map(Path::new), folder.map(Path::new), Path::new("/here"), Vec::new())
    }

    #[test]
    fn the_directory_is_the_first_that_is_said() {
        for (configured, folder, directory, from) in [
            (Some("/opt/it"), Some("/tools"), "/opt/it", DirectoryFrom::Configuration),
            (Some("./it/"), None, "/here/it", DirectoryFrom::Configuration),
            (None, Some("/tools"), "/tools/a b", DirectoryFrom::ToolsFolder("/tools".into())),
            (Some(""), Some("t"), "/here/t/a b", DirectoryFrom::ToolsFolder("t".into())),
            (None, Some(""), "/here/tools/a b", DirectoryFrom::Default),
        ] {
            let plan = plan("a b", configured, folder).unwrap();
            assert_eq!((plan.directory.as_path(), plan.from), (Path::new(directory), from));
        }
        assert_eq!(plan("a", Some("/opt/it"), None).unwrap().parent(), Path::new("/opt"));
    }

    #[test]
    fn nothing_leads_out_of_where_it_belongs() {
        for name in ["..", ".", "", "../../etc", "a/../../etc", "/etc", "a/b", "a\\..\\b", "a/"] {
            assert_eq!(plan(name, None, Some("/tools")), Err(PlanError::Name), "{name}");
        }
        for path in ["../it", "/opt/../etc/it", "a/../../b"] {
            assert_eq!(plan("a", Some(path), None), Err(PlanError::Up), "{path}");
        }
        assert_eq!(plan("a", None, Some("../tools")), Err(PlanError::Up));
        assert_eq!(plan("a", Some("/"), None), Err(PlanError::Root));
    }

    #[test]
    fn a_digest_tells_all_plans_apart() {
        let with =
            |commands: &[InstallCommand]| InstallPlan { commands: commands.into(), ..plan("a", None, None).unwrap() };
        let words = |words: &[&str]| InstallCommand::Words(words.iter().map(|&word| word.to_owned()).collect());
        let plans = [
            with(&[]),
            with(&[words(&["a", "b"])]),
            with(&[words(&["a"]), words(&["b"])]),
            with(&[words(&["a b"])]),
            with(&[InstallCommand::Shell("a b".to_owned())]),
            plan("b", None, None).unwrap(),
            plan("a", Some("/elsewhere"), None).unwrap(),
        ];
        for (i, one) in plans.iter().enumerate() {
            for (j, other) in plans.iter().enumerate() {
                assert_eq!(one.digest() == other.digest(), i == j, "{one:?} {other:?}");
            }
        }
    }

    #[test]
    fn a_command_is_shown_so_that_a_shell_would_read_the_same() {
        for words in [vec!["git", "clone", "https://x/y?a=1&b"], vec!["", "it's", "a b", "$X", "größe", "--a=b"]] {
            let words: Vec<String> = words.into_iter().map(str::to_owned).collect();
            let text = InstallCommand::Words(words.clone()).text();
            assert_eq!(mcp_config::split_words(&text).unwrap(), words, "{text}");
        }
        assert_eq!(join_words(&["npm", "install", "a b"]), "npm install 'a b'");
    }
}
