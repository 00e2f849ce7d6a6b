//! What an install does, worked out before it is shown.

use std::path::{Component, Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use mcp_config::InstallCommand;

use crate::hex::hex;

/// Why there is no plan for a server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PlanError {
    /// It could be anywhere.
    #[error("the directory of an install must be an absolute path")]
    Relative,
    /// The directory leads up.
    #[error("`installDirectory` must not have `..` in it; write where it really is")]
    Up,
    /// There is no directory above it to run commands in.
    #[error("`installDirectory` must be a directory inside another one")]
    Root,
}

/// What is done to install a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InstallPlan {
    /// The name of the server.
    pub(crate) server: String,
    /// What has to be there afterwards. An absolute path.
    pub(crate) directory: PathBuf,
    /// What is run in the directory above it, one after the other.
    pub(crate) commands: Vec<InstallCommand>,
}

impl InstallPlan {
    /// A plan that makes `directory`.
    ///
    /// # Errors
    ///
    /// Fails if it is not clear where that is, or there is nowhere to run commands.
    pub(crate) fn new(server: &str, directory: &Path, commands: Vec<InstallCommand>) -> Result<Self, PlanError> {
        if !directory.is_absolute() {
            return Err(PlanError::Relative);
        }
        if directory.components().any(|part| part == Component::ParentDir) {
            return Err(PlanError::Up);
        }
        // Without `.` and doubled slashes, so that the directory above is the one that it seems to be.
        let directory: PathBuf = directory.components().collect();
        if directory.parent().is_none() {
            return Err(PlanError::Root);
        }
        Ok(Self { server: server.to_owned(), directory, commands })
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

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(server: &str, directory: &str) -> Result<InstallPlan, PlanError> {
        InstallPlan::new(server, Path::new(directory), Vec::new())
    }

    #[test]
    fn commands_run_above_the_directory() {
        let plan = plan("a", "/opt/./tools//it/").unwrap();
        assert_eq!((plan.directory.as_path(), plan.parent()), (Path::new("/opt/tools/it"), Path::new("/opt/tools")));
    }

    #[test]
    fn nothing_leads_out_of_where_it_belongs() {
        for path in ["/tools/..", "/tools/../etc", "/opt/a/../../b/c"] {
            assert_eq!(plan("a", path), Err(PlanError::Up), "{path}");
        }
        assert_eq!(plan("a", "tools/it"), Err(PlanError::Relative));
        assert_eq!(plan("a", "/"), Err(PlanError::Root));
    }

    #[test]
    fn a_digest_tells_all_plans_apart() {
        let with =
            |commands: &[InstallCommand]| InstallPlan { commands: commands.into(), ..plan("a", "/t/a").unwrap() };
        let words = |words: &[&str]| InstallCommand::Words(words.iter().map(|&word| word.to_owned()).collect());
        let plans = [
            with(&[]),
            with(&[words(&["a", "b"])]),
            with(&[words(&["a"]), words(&["b"])]),
            with(&[words(&["a b"])]),
            with(&[InstallCommand::Shell("a b".to_owned())]),
            plan("b", "/t/a").unwrap(),
            plan("a", "/t/b").unwrap(),
        ];
        for (i, one) in plans.iter().enumerate() {
            for (j, other) in plans.iter().enumerate() {
                assert_eq!(one.digest() == other.digest(), i == j, "{one:?} {other:?}");
            }
        }
    }
}
