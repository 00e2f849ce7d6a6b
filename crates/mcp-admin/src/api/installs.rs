//! Installs: what would run, started, watched and ended.

use std::sync::Arc;

use futures::stream;
use http::StatusCode;
use mcp_config::InstallCommand;
use mcp_proxy_core::{iso, transport::Secret};
use serde::{Deserialize, Serialize};

use super::redact::redact;
use crate::{
    answer::{Answer, Refusal, audited, json, nothing, ok},
    ask::Ask,
    events::{event, events},
    installs::{Install, InstallError, InstallPlan, InstallState, Said, Source, Watcher},
    route::Route,
    state::State,
};

mod configured;

pub(crate) use configured::states;

pub(crate) const ROUTES: &[Route] = &[
    Route::get(
        "/installs",
        "listInstalls",
        "The servers that can be installed, and where that stands.",
        |state, ask| Box::pin(list(state, ask)),
    )
    .gives("Installs"),
    Route::post(
        "/installs/{server}",
        "install",
        "Runs the commands of a server; `digest` is that of the commands as they were shown.",
        |state, ask| Box::pin(start(state, ask)),
    )
    .takes("NewInstall")
    .gives("Install"),
    Route::get(
        "/installs/{server}/events",
        "watchInstall",
        "What the last install of a server says, from its beginning on.",
        |state, ask| Box::pin(watch(state, ask)),
    )
    .events("info, stdout, stderr, done"),
    Route::delete(
        "/installs/{server}",
        "cancelInstall",
        "Ends an install with everything it has started.",
        |state, ask| Box::pin(cancel(state, ask)),
    )
    .nothing(),
];

#[derive(Serialize)]
struct Installs {
    installs: Vec<Shown>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    server: String,
    state: InstallState,
    directory: String,
    commands: Vec<Command>,
    digest: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    started_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

#[derive(Serialize)]
struct Command {
    text: String,
    shell: bool,
}

#[derive(Deserialize)]
struct NewInstall {
    digest: String,
}

#[derive(Serialize)]
struct Piece<'a> {
    at: String,
    text: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Done {
    state: InstallState,
    #[serde(skip_serializing_if = "Option::is_none")]
    exit_code: Option<i32>,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    let secrets = state.live.secrets();
    let mut installs = Vec::new();
    for (server, plan) in configured::plans(&state.live) {
        installs.push(match plan {
            Ok(plan) => Shown::new(state.installs.state(plan), &secrets),
            Err(error) => Shown::impossible(server, error.to_string()),
        });
    }
    ok(&Installs { installs })
}

async fn start(state: Arc<State>, ask: Ask) -> Answer {
    let NewInstall { digest } = ask.json()?;
    let plan = plan(&state, ask.param("server"))?;
    let shown = plan.commands.iter().map(InstallCommand::line).collect::<Vec<_>>().join("; ");
    let install = state.installs.start(plan, &digest).map_err(|error| refused(&error))?;
    let secrets = state.live.secrets();
    audited(Ok(json(StatusCode::ACCEPTED, &Shown::new(install, &secrets))), redact(&shown, &secrets))
}

async fn watch(state: Arc<State>, ask: Ask) -> Answer {
    let server = ask.param("server").to_owned();
    let none = || Refusal::missing("this server was not installed since the hub was started");
    let watcher = state.installs.watch(&server).ok_or_else(none)?;
    let secrets = state.live.secrets();
    let seed = Some((watcher, secrets, Arc::clone(&state), server));
    let told = stream::unfold(seed, |seed| async move {
        let (mut watcher, secrets, state, server): (Watcher, Vec<Secret>, Arc<State>, String) = seed?;
        let Some(said) = watcher.next().await else {
            // By now it is known how it has ended.
            let (state, exit_code) = state.installs.outcome(&server).unwrap_or((InstallState::Failed, None));
            return Some((event("done", &Done { state, exit_code }), None));
        };
        let Said { at, source, text } = said;
        let kind = match source {
            Source::Info => "info",
            Source::Stdout => "stdout",
            Source::Stderr => "stderr",
        };
        let piece = event(kind, &Piece { at: iso(at), text: &redact(&text, &secrets) });
        Some((piece, Some((watcher, secrets, state, server))))
    });
    Ok(events(&state, ask.session, told))
}

async fn cancel(state: Arc<State>, ask: Ask) -> Answer {
    state.installs.cancel(ask.param("server")).map_err(|error| refused(&error))?;
    nothing()
}

/// The plan of a server that can be installed.
fn plan(state: &State, server: &str) -> Result<InstallPlan, Refusal> {
    let found = configured::plans(&state.live).into_iter().find(|(name, _)| name == server);
    let (_, plan) = found.ok_or_else(|| Refusal::missing("this server says nothing of how it is installed"))?;
    plan.map_err(|error| Refusal::bad(error.to_string()))
}

fn refused(error: &InstallError) -> Refusal {
    let status = match error {
        InstallError::Stale => StatusCode::PRECONDITION_FAILED,
        InstallError::Running | InstallError::NotRunning => StatusCode::CONFLICT,
        InstallError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        InstallError::Closed => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::new(status, error.to_string())
}

impl Shown {
    /// Commands are shown as they run, but for the values that are secrets elsewhere in the configuration.
    fn new(install: Install, secrets: &[Secret]) -> Self {
        let Install { state, plan, started, ended, exit_code, error } = install;
        let commands = plan.commands.iter();
        Self {
            state,
            directory: plan.directory.display().to_string(),
            commands: commands
                .map(|command| Command {
                    text: redact(&command.line(), secrets),
                    shell: matches!(command, InstallCommand::Shell(_)),
                })
                .collect(),
            digest: plan.digest(),
            started_at: started.map(iso),
            ended_at: ended.map(iso),
            exit_code,
            error: error.map(|error| redact(&error, secrets)),
            server: plan.server,
        }
    }

    /// A server with commands and no place for them.
    fn impossible(server: String, error: String) -> Self {
        Self {
            server,
            state: InstallState::Failed,
            directory: String::new(),
            commands: Vec::new(),
            digest: String::new(),
            started_at: None,
            ended_at: None,
            exit_code: None,
            error: Some(error),
        }
    }
}
