//! The proxy as REST: tools, resources and prompts without JSON-RPC.

mod calls;
mod catalogue;
mod document;
mod driven;
mod kept;
mod question;
mod reach;
mod reply;
mod stream;

use std::{collections::BTreeMap, sync::Arc};

use bytes::Bytes;
use http::{Method, request::Parts};
use http_body::Body;
use mcp_openapi::{Action, DocsFile, NoRoute, Parameters, Prefer, Route};
use mcp_transport::Secret;
use mcp_transport_http::server::read_body;

use self::{
    calls::Calls,
    catalogue::Catalogue,
    question::Question,
    reply::{Failed, RestAnswer, failed, file, json, not_found},
};
use super::{Front, head::Head, route};
use crate::{rescue, rescue::Told, server::Server};

/// What REST remembers between requests.
#[derive(Debug)]
pub(crate) struct Rest {
    calls: Calls,
    catalogue: Catalogue,
}

/// Where a request of REST leads, or why it leads nowhere.
pub(super) type Found = Result<Route, NoRoute>;

/// Everything about one request.
struct Asking<'a> {
    front: &'a Arc<Front>,
    rest: &'a Arc<Rest>,
    server: &'a Arc<Server>,
    head: &'a Head,
    parameters: Parameters,
    prefer: Prefer,
    /// What the request sets for a process of its caller's own.
    variables: BTreeMap<String, Secret>,
}

impl Rest {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { calls: Calls::default(), catalogue: Catalogue::default() })
    }

    /// Forgets what nobody has come back for.
    pub(super) fn sweep(&self, now: std::time::Instant) {
        self.calls.sweep(now);
    }
}

impl Front {
    /// Where a path leads in REST; `None` if it is none of its paths.
    pub(super) fn rest_route(&self, parts: &Parts) -> Option<(&Arc<Rest>, Found)> {
        let rest = self.rest.as_ref()?;
        // Whoever mounts a service means it. Below `/api` there are some of both, and all of ours are known there.
        let first = route::first_segment(parts.uri.path());
        if first != "api" && self.mounts.iter().any(|mount| *mount.segment == *first) {
            return None;
        }
        match Route::find(&parts.method, parts.uri.path()) {
            Err(NoRoute::Unknown) => None,
            found => Some((rest, found)),
        }
    }

    /// Answers a request of REST; whatever goes wrong is an answer too.
    pub(super) async fn rest<B>(self: &Arc<Self>, rest: &Arc<Rest>, found: Found, parts: Parts, body: B) -> RestAnswer
    where
        B: Body<Data = Bytes>,
    {
        self.rest_or_failed(rest, found, parts, body).await.unwrap_or_else(|failed| failed)
    }

    /// The answer where there is nothing, in the words of REST.
    pub(super) fn rest_nothing(method: &Method, path: &str) -> RestAnswer {
        not_found("Not found", &format!("Route {method} {path} does not exist"))
    }

    /// Why a request gets no further, in the words of REST.
    pub(super) fn rest_refusal(why: &Told) -> RestAnswer {
        failed(why)
    }

    async fn rest_or_failed<B>(
        self: &Arc<Self>,
        rest: &Arc<Rest>,
        found: Found,
        parts: Parts,
        body: B,
    ) -> Result<RestAnswer, Failed>
    where
        B: Body<Data = Bytes>,
    {
        let route = match found {
            Ok(route) => route,
            Err(NoRoute::WrongMethod { allowed }) => return Err(failed(&rescue::wrong_method(allowed))),
            Err(NoRoute::Unknown) => return Ok(Self::rest_nothing(&parts.method, parts.uri.path())),
        };
        // The page itself holds nothing; it asks for a key.
        if let Route::Docs(page) = route {
            return Ok(file(page, parts.uri.path()));
        }
        let (principal, door) = {
            let open = self.doors.now();
            let principal = open.gate.admit(&parts.headers, parts.uri.query());
            let principal = principal.map_err(|denied| failed(&rescue::unauthorized(denied)))?;
            let door = open.door(&principal);
            (principal, door)
        };
        let head = Head { parts, principal, door };
        match route {
            Route::Servers => Ok(self.list_servers()),
            Route::Document => Ok(document::of_all(self, rest, &head).await),
            Route::Docs(page) => Ok(file(page, head.uri.path())),
            Route::Server { server, action } => {
                let Some(known) = self.servers.find(&server) else {
                    let text = format!("Server '{server}' not found in configuration");
                    return Ok(not_found("Server not found", &text));
                };
                let body = read_body(body, &self.body).await.map_err(|refusal| failed(&Told::from(refusal)))?;
                self.of_server(rest, &known, action, &head, body).await
            }
        }
    }

    async fn of_server(
        self: &Arc<Self>,
        rest: &Arc<Rest>,
        server: &Arc<Server>,
        action: Action,
        head: &Head,
        body: Bytes,
    ) -> Result<RestAnswer, Failed> {
        let parameters =
            Parameters::read(head.uri.query()).map_err(|error| failed(&rescue::bad_params(error.to_string())))?;
        let query = without_ours(head.uri.query().unwrap_or_default());
        let variables = server.options().request_env.read(&head.headers, Some(&query));
        let variables = variables.map_err(|error| failed(&Told::from(&error)))?;
        let asking =
            Asking { front: self, rest, server, head, parameters, prefer: Prefer::read(&head.headers), variables };
        match action {
            Action::Initialize => asking.initialize().await,
            Action::ShortDocument => Ok(document::short(&asking).await),
            Action::ShortDocs => Ok(file(DocsFile::Page, head.uri.path())),
            Action::Document => Ok(document::of_one(&asking).await),
            Action::Input => asking.go_on(&body).await,
            Action::Outcome { call } => asking.outcome(&call),
            Action::Cancel { call } => asking.cancel(&call),
            action => {
                let question = Question::read(action, &asking.parameters, body).map_err(|told| failed(&told))?;
                asking.ask(question).await
            }
        }
    }

    fn list_servers(&self) -> RestAnswer {
        let servers = self.servers.now();
        let listed: Vec<_> = servers
            .iter()
            .map(|server| {
                let about = &server.options().about;
                mcp_openapi::answer::Listed { name: server.name(), url: about.url.as_deref(), kind: &about.kind }
            })
            .collect();
        json(http::StatusCode::OK, mcp_openapi::answer::servers(&listed))
    }
}

/// A query without the parameters of REST; what is left sets variables, or is refused.
fn without_ours(query: &str) -> String {
    const OURS: [&str; 7] = ["cursor", "init", "sessionId", "notifications", "strict", "uri", "raw"];
    let is_ours = |pair: &&str| OURS.contains(&pair.split('=').next().unwrap_or_default());
    query.split('&').filter(|pair| !is_ours(pair)).collect::<Vec<_>>().join("&")
}
