//! The steps of an install.

use std::io;

use tokio::{fs, time::Instant};
use tokio_util::sync::CancellationToken;

use super::{
    InstallLimits, InstallPlan,
    command::{self, Ended},
    log::Log,
};

/// Why an install did not come to its end.
#[derive(Debug, thiserror::Error)]
pub(super) enum RunError {
    /// The directory that commands run in cannot be made.
    #[error("Failed to create execution directory '{0}': {1}")]
    Parent(String, io::Error),
    /// It cannot be told whether the server is there.
    #[error("Error checking target server directory '{0}': {1}")]
    Check(String, io::Error),
    /// The directory cannot be made.
    #[error("Error after commands, verifying/creating directory '{0}': {1}")]
    Directory(String, io::Error),
    /// A command cannot be started.
    #[error("Command \"{0}\" cannot be started: {1}")]
    Start(String, io::Error),
    /// A command has failed.
    #[error("Command \"{text}\" {}.", how(*code, *signal))]
    Failed {
        /// The command.
        text: String,
        /// Its exit code, if it has ended by itself.
        code: Option<i32>,
        /// The signal that has ended it.
        signal: Option<i32>,
    },
    /// It took too long.
    #[error("Command \"{0}\" was ended: the time limit of {1} s for an install is over")]
    Late(String, u64),
    /// Somebody has ended it.
    #[error("The install was cancelled")]
    Cancelled,
}

impl RunError {
    pub(super) fn exit_code(&self) -> Option<i32> {
        if let Self::Failed { code, .. } = self { *code } else { None }
    }
}

fn how(code: Option<i32>, signal: Option<i32>) -> String {
    match (code, signal) {
        (Some(code), _) => format!("failed with exit code {code}"),
        (None, Some(signal)) => format!("was ended by signal {signal}"),
        (None, None) => "has ended in an unknown way".to_owned(),
    }
}

/// Does what `plan` says and tells `log` of each step.
pub(super) async fn run(
    plan: &InstallPlan,
    log: &Log,
    cancel: &CancellationToken,
    limits: InstallLimits,
) -> Result<(), RunError> {
    let outcome = steps(plan, log, cancel, limits).await;
    if let Err(error) = &outcome {
        log.info(error.to_string());
    }
    outcome
}

async fn steps(
    plan: &InstallPlan,
    log: &Log,
    cancel: &CancellationToken,
    limits: InstallLimits,
) -> Result<(), RunError> {
    let (directory, parent) = (plan.directory.display().to_string(), plan.parent().display().to_string());
    log.info(format!("Target server directory: {directory}"));
    log.info(format!("Install commands will be executed in: {parent}"));
    fs::create_dir_all(plan.parent()).await.map_err(|error| RunError::Parent(parent.clone(), error))?;
    log.info(format!("Ensured execution directory exists: {parent}"));

    let there = |error| RunError::Check(directory.clone(), error);
    if fs::try_exists(&plan.directory).await.map_err(there)? {
        log.info(format!("Target server directory '{directory}' already exists. Installation skipped."));
        return Ok(());
    }
    log.info(format!("Target server directory '{directory}' does not exist. Proceeding with installation commands..."));
    commands(plan, log, cancel, limits).await?;

    let after = |error| RunError::Directory(directory.clone(), error);
    if fs::try_exists(&plan.directory).await.map_err(after)? {
        log.info(format!("Confirmed target server directory exists: {directory}"));
    } else {
        log.info(format!("Target server directory {directory} not found after commands. Creating directory now."));
        fs::create_dir(&plan.directory).await.map_err(after)?;
        log.info(format!("Successfully created target server directory {directory}."));
    }
    Ok(())
}

async fn commands(
    plan: &InstallPlan,
    log: &Log,
    cancel: &CancellationToken,
    limits: InstallLimits,
) -> Result<(), RunError> {
    if plan.commands.is_empty() {
        log.info("No installation commands provided.");
        return Ok(());
    }
    let deadline = Instant::now() + limits.time;
    let parent = plan.parent();
    log.info(format!("Executing {} installation command(s) in {}...", plan.commands.len(), parent.display()));
    for command in &plan.commands {
        let text = command.line();
        if cancel.is_cancelled() {
            return Err(RunError::Cancelled);
        }
        log.info(format!("Executing: {text}"));
        match command::execute(command, parent, log, cancel, deadline, limits.grace).await {
            Ok(Ended::By { code: Some(0), .. }) => log.info(format!("Command \"{text}\" completed successfully.")),
            Ok(Ended::By { code, signal }) => return Err(RunError::Failed { text, code, signal }),
            Ok(Ended::Cancelled) => return Err(RunError::Cancelled),
            Ok(Ended::Late) => return Err(RunError::Late(text, limits.time.as_secs())),
            Err(error) => return Err(RunError::Start(text, error)),
        }
    }
    log.info("All installation commands executed successfully.");
    Ok(())
}
