//! Terminals: opened, listed, ended, and shown over a WebSocket.

use std::sync::Arc;

use http::{
    HeaderValue, Response, StatusCode,
    header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, UPGRADE},
};
use hyper_util::rt::TokioIo;
use mcp_proxy_core::iso;
use serde::Serialize;

use crate::{
    answer::{Answer, Refusal, audited, full, json, nothing, ok},
    ask::Ask,
    route::Route,
    state::State,
    terminals::{NoWebSocket, Size, SocketTiming, TerminalError, TerminalInfo, accept_key, serve},
};

pub(crate) const ROUTES: &[Route] = &[
    Route::get("/terminals", "listTerminals", "All terminals that are open.", |state, ask| Box::pin(list(state, ask)))
        .gives("Terminals"),
    Route::post("/terminals", "openTerminal", "Starts a shell in a new terminal.", |state, ask| {
        Box::pin(open(state, ask))
    })
    .takes("TerminalSize")
    .gives("TerminalId"),
    Route::post(
        "/terminals/{id}/ticket",
        "ticketForTerminal",
        "A ticket for the WebSocket of a terminal: good once, for 30 seconds.",
        |state, ask| Box::pin(ticket(state, ask)),
    )
    .gives("TerminalTicket"),
    Route::get(
        "/terminals/{id}/socket",
        "showTerminal",
        "The terminal itself: binary messages are input and output, text ones `{resize}`, `{replay}` and `{exit}`; needs `?ticket=`.",
        |state, ask| Box::pin(socket(state, ask)),
    )
    .socket(),
    Route::delete("/terminals/{id}", "endTerminal", "Ends a terminal with everything in it.", |state, ask| {
        Box::pin(end(state, ask))
    })
    .nothing(),
];

#[derive(Serialize)]
struct Terminals {
    terminals: Vec<Terminal>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Terminal {
    id: String,
    pid: u32,
    since: String,
    last_activity: String,
    cols: u16,
    rows: u16,
    title: String,
    attached: bool,
}

#[derive(Serialize)]
struct TerminalId<'a> {
    id: &'a str,
}

#[derive(Serialize)]
struct Ticket<'a> {
    ticket: &'a str,
}

async fn list(state: Arc<State>, _: Ask) -> Answer {
    allowed(&state)?;
    ok(&Terminals { terminals: state.terminals.list().into_iter().map(Terminal::from).collect() })
}

async fn open(state: Arc<State>, ask: Ask) -> Answer {
    allowed(&state)?;
    let size: Size = ask.json()?;
    let id = state.terminals.start(size).map_err(|error| refused(&error))?;
    audited(Ok(json(StatusCode::CREATED, &TerminalId { id: &id })), id)
}

async fn ticket(state: Arc<State>, ask: Ask) -> Answer {
    allowed(&state)?;
    let ticket = state.terminals.ticket(ask.param("id")).map_err(|error| refused(&error))?;
    ok(&Ticket { ticket: &ticket })
}

async fn end(state: Arc<State>, ask: Ask) -> Answer {
    allowed(&state)?;
    state.terminals.kill(ask.param("id")).await.map_err(|error| refused(&error))?;
    nothing()
}

async fn socket(state: Arc<State>, ask: Ask) -> Answer {
    allowed(&state)?;
    let no_socket = |error: NoWebSocket| Refusal::new(StatusCode::UPGRADE_REQUIRED, error.to_string());
    let key = accept_key(&ask.headers).map_err(no_socket)?;
    let (upgrade, session) = ask.upgrade.as_ref().zip(ask.session.as_ref()).ok_or(NoWebSocket).map_err(no_socket)?;
    let ticket = ask.query("ticket").unwrap_or_default();
    let attachment = state.terminals.attach(ask.param("id"), &ticket).map_err(|error| refused(&error))?;
    let (upgrade, session) = (upgrade.clone(), session.clone());
    tokio::spawn(async move {
        match upgrade.await {
            Ok(io) => serve(TokioIo::new(io), attachment, SocketTiming::default(), session.over()).await,
            Err(error) => tracing::debug!(%error, "a connection did not become a WebSocket"),
        }
    });
    let mut response = Response::new(full(""));
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    Ok(response)
}

/// Whether there may be terminals at all.
fn allowed(state: &State) -> Result<(), Refusal> {
    let off = "there is no terminal here; start the hub with `--admin-terminal` if there is to be one";
    if state.options.terminal { Ok(()) } else { Err(Refusal::forbidden(off)) }
}

fn refused(error: &TerminalError) -> Refusal {
    let status = match error {
        TerminalError::Unknown => StatusCode::NOT_FOUND,
        TerminalError::Ticket => StatusCode::FORBIDDEN,
        TerminalError::TooMany(_) => StatusCode::TOO_MANY_REQUESTS,
        TerminalError::Unsupported => StatusCode::NOT_IMPLEMENTED,
        TerminalError::Start(_) => StatusCode::INTERNAL_SERVER_ERROR,
        TerminalError::Closed => StatusCode::SERVICE_UNAVAILABLE,
    };
    Refusal::new(status, error.to_string())
}

impl From<TerminalInfo> for Terminal {
    fn from(info: TerminalInfo) -> Self {
        Self {
            id: info.id,
            pid: info.pid,
            since: iso(info.since),
            last_activity: iso(info.last_activity),
            cols: info.size.cols,
            rows: info.size.rows,
            title: info.title,
            attached: info.attached,
        }
    }
}
