//! Logging in and out: the routes, and what they need.

mod attempts;
mod cookie;
mod password;
mod session;

use std::{sync::Arc, time::Duration};

use http::StatusCode;
use mcp_proxy_core::transport::{Secret, Store};
use serde::{Deserialize, Serialize};

use self::{attempts::Attempts, password::Password, session::Sessions};
pub(crate) use self::{
    cookie::{read, removed, written},
    session::Session,
};
use crate::{
    AdminError, AdminOptions,
    answer::{Answer, Refusal, json, nothing, ok},
    ask::Ask,
    route::Route,
    state::State,
};

/// The header that proves that a request was made by a page that could read an answer of ours.
pub(crate) const CSRF_HEADER: &str = "x-csrf-token";

pub(crate) const ROUTES: &[Route] = &[
    Route::post("/login", "logIn", "Logs in; the answer sets the cookie.", |state, ask| Box::pin(log_in(state, ask)))
        .public()
        .takes("Login")
        .gives("LoggedIn"),
    Route::post("/logout", "logOut", "Ends the login.", |state, ask| Box::pin(log_out(state, ask))).nothing(),
    Route::get("/session", "getSession", "Who is logged in, and what there is.", |state, ask| {
        Box::pin(session(state, ask))
    })
    .gives("Session"),
];

/// Who may come in, and who has.
#[derive(Debug)]
pub(crate) struct Login {
    username: Box<str>,
    password: Password,
    attempts: Attempts,
    pub(crate) sessions: Arc<Sessions>,
}

#[derive(Deserialize)]
struct Credentials {
    username: String,
    password: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct LoggedIn<'a> {
    username: &'a str,
    csrf_token: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Known<'a> {
    username: &'a str,
    csrf_token: String,
    version: &'a str,
    features: Features,
    hub_url: &'a str,
    has_keys: bool,
}

#[derive(Serialize)]
struct Features {
    terminal: bool,
    writable: bool,
}

/// A password that is longer is none, and not worth hashing.
const LONGEST_PASSWORD: usize = 1024;

impl Login {
    /// Takes the password that is given, else the one that is kept, else makes one and keeps it; gives the one that was made.
    ///
    /// # Errors
    ///
    /// Fails if a password or a secret is too weak, or if the store cannot be used.
    pub(crate) async fn open(
        options: &AdminOptions,
        store: Option<&Arc<dyn Store>>,
    ) -> Result<(Self, Option<Secret>), AdminError> {
        let (password, made) = Password::open(options.password.as_ref(), store, options.cheap_hashes).await?;
        let sessions = Sessions::new(options.session_secret.as_ref(), password.seed(), options.session)?;
        let username = options.username.clone();
        Ok((Self { username, password, attempts: Attempts::default(), sessions: Arc::new(sessions) }, made))
    }
}

async fn log_in(state: Arc<State>, ask: Ask) -> Answer {
    let credentials: Credentials = ask.json()?;
    let login = &state.login;
    let peer = ask.peer.to_canonical();
    if let Err(wait) = login.attempts.begin(peer) {
        state.audit.note("nobody", "login", &format!("refused, {peer} has tried too often"));
        return Err(Refusal { retry_after: Some(wait.as_secs().max(1)), ..Refusal::busy(too_often(wait)) });
    }
    let is_name = credentials.username == *login.username;
    // Whether the name is wrong must not show in the time it takes.
    let is_password = credentials.password.len() <= LONGEST_PASSWORD
        && login.password.is(credentials.password).await.map_err(|error| {
            tracing::error!("passwords cannot be checked: {error}");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "passwords cannot be checked now")
        })?;
    if !(is_name && is_password) {
        state.audit.note("nobody", "login", &format!("failed, from {peer}"));
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, "that is not the name and the password"));
    }
    login.attempts.succeeded(peer);
    let session = login.sessions.begin(&login.username).map_err(|_| {
        Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "the operating system gives no random numbers; try again")
    })?;
    state.audit.note(session.who(), "login", &format!("from {peer}"));
    let body = LoggedIn { username: session.who(), csrf_token: session.csrf() };
    let mut response = json(StatusCode::OK, &body);
    let cookie = written(&ask.place, session.token(), login.sessions.life());
    response.headers_mut().insert(http::header::SET_COOKIE, cookie);
    Ok(response)
}

fn too_often(wait: Duration) -> String {
    format!("that was too often; try again in {} s", wait.as_secs().max(1))
}

async fn log_out(state: Arc<State>, ask: Ask) -> Answer {
    if let Some(session) = &ask.session {
        state.login.sessions.revoke(session);
    }
    let mut response = nothing()?;
    response.headers_mut().insert(http::header::SET_COOKIE, removed(&ask.place));
    Ok(response)
}

async fn session(state: Arc<State>, ask: Ask) -> Answer {
    let csrf_token = ask.session.as_ref().map(Session::csrf).unwrap_or_default();
    ok(&Known {
        username: ask.who(),
        csrf_token,
        version: env!("CARGO_PKG_VERSION"),
        features: Features { terminal: state.options.terminal, writable: true },
        hub_url: &state.options.hub_url,
        has_keys: state.live.keys().is_ok_and(|keys| !keys.is_empty()),
    })
}
