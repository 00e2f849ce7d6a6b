use std::{path::Path, time::Instant};

use mcp_config::InstallCommand;

use super::*;

/// A plan for the server `it` in a new folder; each line is one for a shell.
fn plan(folder: &Path, lines: &[&str]) -> InstallPlan {
    let commands = lines.iter().map(|&line| InstallCommand::Shell(line.to_owned())).collect();
    InstallPlan::new("it", &folder.join("tools/it"), commands).unwrap()
}

fn start(installs: &Installs, plan: &InstallPlan) -> Result<Install, InstallError> {
    installs.start(plan.clone(), &plan.digest())
}

/// What is said until the end: by us, and by the commands.
async fn hear(installs: &Installs) -> (Vec<String>, String, String) {
    let mut watcher = installs.watch("it").unwrap();
    let (mut info, mut stdout, mut stderr) = (Vec::new(), String::new(), String::new());
    while let Some(said) = watcher.next().await {
        match said.source {
            Source::Info => info.push(said.text),
            Source::Stdout => stdout.push_str(&said.text),
            Source::Stderr => stderr.push_str(&said.text),
        }
    }
    (info, stdout, stderr)
}

/// Waits until a command has said something.
async fn first_word(installs: &Installs) -> String {
    let mut watcher = installs.watch("it").unwrap();
    loop {
        let said = watcher.next().await.expect("it says something");
        if said.source == Source::Stdout {
            return said.text.trim().to_owned();
        }
    }
}

fn lives(number: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, fields)| !fields.starts_with('Z'))
}

#[tokio::test]
async fn commands_run_in_order_above_the_directory_and_every_step_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["pwd; echo oh >&2; cat", "mkdir it; echo made"]);
    let (tools, it) = (folder.path().join("tools"), folder.path().join("tools/it"));
    let installs = Installs::default();
    assert_eq!(installs.state(plan.clone()).state, InstallState::Missing);
    assert_eq!(start(&installs, &plan).unwrap().state, InstallState::Running);
    let (info, stdout, stderr) = hear(&installs).await;
    assert_eq!((stdout, stderr), (format!("{}\nmade\n", tools.display()), "oh\n".to_owned()));
    let (tools, it) = (tools.display(), it.display());
    assert_eq!(
        info,
        [
            format!("Target server directory: {it}"),
            format!("Install commands will be executed in: {tools}"),
            format!("Ensured execution directory exists: {tools}"),
            format!("Target server directory '{it}' does not exist. Proceeding with installation commands..."),
            format!("Executing 2 installation command(s) in {tools}..."),
            "Executing: pwd; echo oh >&2; cat".to_owned(),
            "Command \"pwd; echo oh >&2; cat\" completed successfully.".to_owned(),
            "Executing: mkdir it; echo made".to_owned(),
            "Command \"mkdir it; echo made\" completed successfully.".to_owned(),
            "All installation commands executed successfully.".to_owned(),
            format!("Confirmed target server directory exists: {it}"),
        ]
    );
    assert_eq!(installs.outcome("it"), Some((InstallState::Installed, Some(0))));

    // Once is enough.
    start(&installs, &plan).unwrap();
    let (info, stdout, _) = hear(&installs).await;
    assert_eq!(info.last().unwrap(), &format!("Target server directory '{it}' already exists. Installation skipped."));
    assert_eq!(stdout, "");
}

#[tokio::test]
async fn the_first_failure_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["echo no; exit 3", "mkdir it"]);
    let installs = Installs::default();
    start(&installs, &plan).unwrap();
    let (info, ..) = hear(&installs).await;
    assert_eq!(info.last().unwrap(), "Command \"echo no; exit 3\" failed with exit code 3.");
    let install = installs.state(plan.clone());
    assert_eq!((install.state, install.exit_code), (InstallState::Failed, Some(3)));
    assert_eq!(install.error.as_deref(), Some("Command \"echo no; exit 3\" failed with exit code 3."));
    assert!(!plan.directory.exists());
}

#[tokio::test]
async fn no_shell_reads_words_and_a_missing_directory_is_made() {
    let folder = tempfile::tempdir().unwrap();
    let words = ["echo", "a  b", "$HOME", "&&", "false"].map(str::to_owned).to_vec();
    let plan = InstallPlan { commands: vec![InstallCommand::Words(words)], ..plan(folder.path(), &[]) };
    let installs = Installs::default();
    start(&installs, &plan).unwrap();
    let (info, stdout, _) = hear(&installs).await;
    assert_eq!(stdout, "a  b $HOME && false\n");
    assert!(info.last().unwrap().starts_with("Successfully created target server directory "));
    assert!(plan.directory.is_dir());
}

#[tokio::test]
async fn a_program_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let words = vec!["no-such-program".to_owned()];
    let plan = InstallPlan { commands: vec![InstallCommand::Words(words)], ..plan(folder.path(), &[]) };
    let installs = Installs::default();
    start(&installs, &plan).unwrap();
    hear(&installs).await;
    let error = installs.state(plan).error.unwrap();
    assert!(error.starts_with("Command \"no-such-program\" cannot be started: "), "{error}");
}

#[tokio::test]
async fn what_runs_is_what_was_seen_and_only_once() {
    let folder = tempfile::tempdir().unwrap();
    let seen = plan(folder.path(), &["echo $$; exec sleep 1000"]);
    let other = plan(folder.path(), &["rm -rf it"]);
    let installs = Installs::default();
    assert_eq!(installs.start(other, &seen.digest()).unwrap_err(), InstallError::Stale);
    assert_eq!(installs.cancel("it"), Err(InstallError::NotRunning));
    start(&installs, &seen).unwrap();
    assert_eq!(start(&installs, &seen).unwrap_err(), InstallError::Running);
    installs.close().await;
    assert_eq!(start(&installs, &seen).unwrap_err(), InstallError::Closed);
}

#[tokio::test]
async fn cancelling_ends_everything_that_was_started() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["(trap '' TERM; exec setsid sleep 1000) & echo $!; wait"]);
    let installs = Installs::new(
        InstallLimits { grace: Duration::from_millis(100), ..InstallLimits::default() },
        CancellationToken::new(),
    );
    start(&installs, &plan).unwrap();
    let number = first_word(&installs).await;
    assert!(lives(&number));
    installs.cancel("it").unwrap();
    let (info, ..) = hear(&installs).await;
    assert_eq!(info.last().unwrap(), "The install was cancelled");
    assert!(!lives(&number));
    assert_eq!(installs.state(plan).state, InstallState::Cancelled);
}

#[tokio::test]
async fn the_time_limit_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["exec sleep 1000"]);
    let limits = InstallLimits { time: Duration::from_millis(200), ..InstallLimits::default() };
    let installs = Installs::new(limits, CancellationToken::new());
    start(&installs, &plan).unwrap();
    let (info, ..) = hear(&installs).await;
    let last = info.last().unwrap();
    assert!(last.contains("time limit"), "{last}");
    assert_eq!(installs.state(plan).state, InstallState::Failed);
}

#[tokio::test]
async fn what_a_command_leaves_behind_ends_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["sleep 1000 > /dev/null 2>&1 & echo $!"]);
    let installs = Installs::default();
    let begun = Instant::now();
    start(&installs, &plan).unwrap();
    let number = first_word(&installs).await;
    hear(&installs).await;
    assert!(!lives(&number));
    assert!(begun.elapsed() < Duration::from_secs(20));
    assert_eq!(installs.outcome("it"), Some((InstallState::Installed, Some(0))));
}

#[tokio::test]
async fn closing_ends_them_and_only_so_many_run_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["echo $$; exec sleep 1000"]);
    let installs = Installs::new(InstallLimits { at_once: 1, ..InstallLimits::default() }, CancellationToken::new());
    start(&installs, &plan).unwrap();
    let second = InstallPlan { server: "second".to_owned(), ..plan.clone() };
    assert_eq!(start(&installs, &second).unwrap_err(), InstallError::TooMany(1));
    let number = first_word(&installs).await;
    installs.close().await;
    assert!(!lives(&number));
    assert_eq!(installs.state(plan).state, InstallState::Cancelled);
}

#[tokio::test]
async fn output_is_bounded() {
    let folder = tempfile::tempdir().unwrap();
    let plan = plan(folder.path(), &["head -c 3000000 /dev/zero | tr '\\0' x; echo; echo end"]);
    let installs = Installs::default();
    start(&installs, &plan).unwrap();
    while installs.outcome("it").is_none() {
        hear(&installs).await;
    }
    let (info, stdout, _) = hear(&installs).await;
    assert!(info[0].contains("dropped"), "{}", info[0]);
    assert!(stdout.len() < 1024 * 1024 && stdout.ends_with("\nend\n"));
}
