//! What the paths under `/api` do.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use bytes::Bytes;
use http::{Method, Request, Response, StatusCode, header::ACCEPT};
use mcp_config::{Applied, By, ChangeError, Live};
use mcp_jsonrpc::quote;
use mcp_proxy_core::{
    Proxy, ReachError, Service, ServiceBody,
    transport::{Principal, in_words},
};
use percent_encoding::percent_decode_str;

use crate::{
    answer::{event_stream, json, refusal, wrong_method},
    board::Board,
    hub, shape, watching,
};

/// State and configuration over HTTP, to be mounted at `api`.
#[derive(Debug)]
pub struct Control {
    board: Arc<Board>,
    config: Option<Config>,
    keep_alive: Duration,
}

/// Whether the configuration can be changed over HTTP. It can start programs, so whoever may do that may do anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writes {
    /// Whoever gets past the proxy's keys may.
    Allowed,
    /// Nobody may; the text says which setting is in the way.
    Refused(&'static str),
}

#[derive(Debug)]
struct Config {
    live: Arc<Live>,
    writes: Writes,
}

impl Default for Control {
    fn default() -> Self {
        Self { board: Board::new(), config: None, keep_alive: Duration::from_secs(15) }
    }
}

impl Control {
    /// State only: what servers do, and starting and stopping them.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The configuration too.
    #[must_use]
    pub fn with_config(self, live: Arc<Live>, writes: Writes) -> Self {
        Self { config: Some(Config { live, writes }), ..self }
    }

    /// After this long without news a comment keeps an event stream open. Default: 15 s.
    #[must_use]
    pub fn keep_alive(self, keep_alive: Duration) -> Self {
        Self { keep_alive, ..self }
    }

    fn servers(&self, proxy: &Proxy, request: &Request<Bytes>) -> Response<ServiceBody> {
        if asks_for_stream(request) {
            return event_stream(watching::body(&self.board, proxy, self.keep_alive));
        }
        json(StatusCode::OK, Board::now(proxy))
    }

    fn config(&self) -> Result<&Config, Response<ServiceBody>> {
        let none = "there is no configuration file; start with `--config`";
        self.config.as_ref().ok_or_else(|| refusal(StatusCode::NOT_FOUND, "Not found", none))
    }

    /// The configuration, if it may be changed.
    fn writable(&self) -> Result<&Live, Response<ServiceBody>> {
        let config = self.config()?;
        match config.writes {
            Writes::Allowed => Ok(&config.live),
            Writes::Refused(why) => Err(refusal(StatusCode::FORBIDDEN, "Not allowed", why)),
        }
    }

    fn shown(&self) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
        let live = &self.config()?.live;
        let servers = live.shown();
        let file = quote(&live.path().to_string_lossy());
        let problem = live.problem().map(|problem| quote(&problem));
        let members = [("mcpServers", &*servers), ("file", &*file)];
        let members = members.into_iter().chain(problem.as_deref().map(|problem| ("problem", problem)));
        Ok(json(StatusCode::OK, shape::object(members)))
    }

    async fn answer_any(
        &self,
        proxy: &Proxy,
        request: &Request<Bytes>,
    ) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
        let path = request.uri().path().trim_matches('/');
        let segments: Vec<_> = path.split('/').skip(1).map(|it| percent_decode_str(it).decode_utf8_lossy()).collect();
        let segments: Vec<&str> = segments.iter().map(|segment| &**segment).collect();
        let method = request.method();
        match (method, &*segments) {
            (&Method::GET, ["servers"]) => Ok(self.servers(proxy, request)),
            (&Method::GET, ["servers", name]) => one(proxy, name),
            (&Method::PUT, ["servers", name]) => {
                let live = self.writable()?;
                changed(live.set_server(proxy, name, text(request)?, By::of("api")).await)
            }
            (&Method::DELETE, ["servers", name]) => {
                let live = self.writable()?;
                one(proxy, name)?;
                changed(live.remove_server(proxy, name, By::of("api")).await)
            }
            (&Method::POST, ["servers", name, "start"]) => done(proxy, name, proxy.start_server(name).await),
            (&Method::POST, ["servers", name, "stop"]) => done(proxy, name, proxy.stop_server(name).await),
            (&Method::POST, ["servers", name, "restart"]) => done(proxy, name, proxy.restart_server(name).await),
            (&Method::POST, ["servers", name, "tools", tool, "approve"]) => {
                self.writable()?;
                approved(name, tool, proxy.approve_tool(name, tool).await)
            }
            (&Method::GET, ["hub"]) => match proxy.hub_status() {
                Some(status) => Ok(json(StatusCode::OK, hub::status(&status))),
                None => Err(refusal(StatusCode::NOT_FOUND, "Not found", "the servers are not offered as one")),
            },
            (&Method::GET, ["config"]) => self.shown(),
            (&Method::POST, ["config"]) => {
                let live = self.writable()?;
                changed(live.replace_servers(proxy, text(request)?, By::of("api")).await)
            }
            (_, ["servers" | "hub"]) => Err(wrong_method("GET")),
            (_, ["servers", _]) => Err(wrong_method("GET, PUT, DELETE")),
            (_, ["servers", _, "start" | "stop" | "restart"] | ["servers", _, "tools", _, "approve"]) => {
                Err(wrong_method("POST"))
            }
            (_, ["config"]) => Err(wrong_method("GET, POST")),
            _ => Err(refusal(
                StatusCode::NOT_FOUND,
                "Not found",
                "there are /api/servers, /api/servers/NAME, /api/servers/NAME/start, stop and restart, /api/config and /api/hub",
            )),
        }
    }
}

#[async_trait]
impl Service for Control {
    async fn answer(&self, proxy: &Proxy, request: Request<Bytes>, _: &Principal) -> Response<ServiceBody> {
        self.answer_any(proxy, &request).await.unwrap_or_else(|refusal| refusal)
    }
}

/// Whether the client names event streams among what it takes, or asks for the dialect that knows nothing else.
fn asks_for_stream(request: &Request<Bytes>) -> bool {
    let accepts = request.headers().get_all(ACCEPT).iter().filter_map(|value| value.to_str().ok());
    let named = accepts
        .flat_map(|value| value.split(','))
        .any(|kind| kind.split(';').next().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream")));
    named || request.uri().query().is_some_and(|query| query.split('&').any(|pair| pair == "dialect=prompty"))
}

/// The body, which must be JSON; a page of another origin could send anything else without being asked.
fn text(request: &Request<Bytes>) -> Result<&str, Response<ServiceBody>> {
    let kind =
        request.headers().get(http::header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    if !kind.eq_ignore_ascii_case("application/json") {
        let text = "send the header `Content-Type: application/json`";
        return Err(refusal(StatusCode::UNSUPPORTED_MEDIA_TYPE, "Not JSON", text));
    }
    let broken = |_| refusal(StatusCode::BAD_REQUEST, "Not JSON", "the body is not UTF-8");
    std::str::from_utf8(request.body()).map_err(broken)
}

fn one(proxy: &Proxy, name: &str) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
    match proxy.status().iter().find(|status| *status.name == *name) {
        Some(status) => Ok(json(StatusCode::OK, shape::server(status))),
        None => Err(unknown(name)),
    }
}

fn approved(server: &str, tool: &str, is_there: bool) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
    if is_there {
        return Ok(json(StatusCode::OK, shape::object([("success", "true")])));
    }
    Err(refusal(StatusCode::NOT_FOUND, "Tool not found", &format!("`{server}` has no tool `{tool}`, or is not known")))
}

fn unknown(name: &str) -> Response<ServiceBody> {
    refusal(StatusCode::NOT_FOUND, "Server not found", &format!("no server is called `{name}`"))
}

fn done(
    proxy: &Proxy,
    name: &str,
    outcome: Result<(), ReachError>,
) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
    let (status, error) = match outcome {
        Ok(()) => return one(proxy, name),
        Err(ReachError::Unknown(name)) => return Err(unknown(&name)),
        Err(error @ (ReachError::Disabled(_) | ReachError::Stopped(_))) => (StatusCode::CONFLICT, error),
        Err(error) => (StatusCode::BAD_GATEWAY, error),
    };
    Err(refusal(status, "Server not started", &in_words(&error)))
}

fn changed(outcome: Result<Applied, ChangeError>) -> Result<Response<ServiceBody>, Response<ServiceBody>> {
    let error = match outcome {
        Ok(applied) => return Ok(json(StatusCode::OK, shape::applied(&applied))),
        Err(error) => error,
    };
    let status = match &error {
        ChangeError::File { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        ChangeError::Stale { .. } => StatusCode::CONFLICT,
        _ => StatusCode::BAD_REQUEST,
    };
    Err(refusal(status, "Configuration not changed", &in_words(&error)))
}

#[cfg(test)]
mod tests;
