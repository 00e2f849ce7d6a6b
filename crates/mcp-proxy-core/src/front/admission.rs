//! Lets a request in, or not, and leads it to whatever its path names.

use std::sync::Arc;

use bytes::Bytes;
use http::{Method, Request, Response, request::Parts};
use http_body::Body;
use mcp_auth::Denied;
use mcp_transport::Principal;
use mcp_transport_http::server::read_body;

use super::{
    Answered, Front, Refused, Used, head,
    head::Head,
    health::Health,
    refused, route,
    route::{Found, Route},
    target::Target,
    told,
};
use crate::{Dialect, Proxy, ResponseBody, mount::Mount, rescue, rescue::Told};

impl Front {
    /// Answers a request; whatever goes wrong is an answer too.
    pub(crate) async fn serve<B>(self: &Arc<Self>, request: Request<B>, used: &Used) -> Response<ResponseBody>
    where
        B: Body<Data = Bytes>,
    {
        self.keep_house();
        let (parts, body) = request.into_parts();
        let pass = match self.guard.check(&parts) {
            Ok(pass) => pass,
            Err(refusal) => return self.turned_away(&parts, &refusal.into()),
        };
        if let Some(answer) = pass.preflight(&parts) {
            return answer.map(ResponseBody::own);
        }
        let mut answer = if self.is_stopping() && !self.is_sign_of_life(&parts) {
            self.turned_away(&parts, &rescue::shutting_down())
        } else {
            let answer = self.admitted(parts, body, used).await;
            answer.unwrap_or_else(|refused| refused.map(ResponseBody::own))
        };
        pass.stamp(answer.headers_mut());
        answer
    }

    /// Whether it is asked for no more than a sign of life, which there is to the end.
    fn is_sign_of_life(&self, parts: &Parts) -> bool {
        route::find(parts.uri.path(), &[], &self.mounts).route == Route::Health(Health::Live)
    }

    /// Why a request gets no further, in the words of those who speak at its path.
    fn turned_away(&self, parts: &Parts, why: &Told) -> Response<ResponseBody> {
        #[cfg(feature = "rest")]
        if self.rest_route(parts).is_some() {
            return Self::rest_refusal(why).map(|body| ResponseBody::of_service(body, &self.stopping));
        }
        #[cfg(not(feature = "rest"))]
        let _ = (self, parts);
        told(why, None).map(ResponseBody::own)
    }

    /// Answers a request from a host and an origin that may ask, once it is known who does.
    async fn admitted<B>(
        self: &Arc<Self>,
        parts: Parts,
        body: B,
        used: &Used,
    ) -> Result<Response<ResponseBody>, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let found = self.find(parts.uri.path());
        if let Route::Health(what) = found.route {
            return self.health(&parts.method, what).map(|answer| answer.map(ResponseBody::own));
        }
        #[cfg(feature = "rest")]
        if let Some((rest, leads)) = self.rest_route(&parts) {
            let answer = self.rest(rest, leads, parts, body).await;
            return Ok(answer.map(|body| ResponseBody::of_service(body, &self.stopping)));
        }
        #[cfg(feature = "rest")]
        if self.rest.is_some() && found.route == Route::Unknown {
            let answer = Self::rest_nothing(&parts.method, parts.uri.path());
            return Ok(answer.map(|body| ResponseBody::of_service(body, &self.stopping)));
        }
        let open = self.doors.now();
        let principal = match open.gate.admit(&parts.headers, parts.uri.query()) {
            Ok(principal) => principal,
            Err(denied) => {
                let owner = self.owner_of_pair(&found, &parts, denied);
                owner.ok_or_else(|| refused(&rescue::unauthorized(denied), None))?
            }
        };
        let door = open.door(&principal);
        drop(open);
        let head = Head { parts, principal, door };
        #[cfg(feature = "hub")]
        if matches!(found.route, Route::Mounted(_)) && self.is_limited(&head.principal) {
            let text = "this key is for MCP alone, for it does not open everything";
            return Err(refused(&rescue::forbidden(text.to_owned()), None));
        }
        if let Route::Mounted(place) = found.route {
            return self.mounted(&self.mounts[place], head, body).await;
        }
        Ok(self.routed(found, &head, body, used).await?.map(ResponseBody::own))
    }

    /// Whose session a message without a key is for. Some clients can only set a URL, and the one they are told to post to
    /// holds no key: the session's id, made under a valid key, stands for it there.
    fn owner_of_pair(&self, found: &Found, parts: &Parts, denied: Denied) -> Option<Principal> {
        if found.route != Route::Messages || denied != Denied::Missing {
            return None;
        }
        let session = self.sessions.find(head::session_parameter(&parts.uri)?)?;
        session.live().is_pair().then(|| session.owner().clone())
    }

    /// Hands a request on to a service.
    async fn mounted<B>(self: &Arc<Self>, mount: &Mount, head: Head, body: B) -> Result<Response<ResponseBody>, Refused>
    where
        B: Body<Data = Bytes>,
    {
        let text = read_body(body, &self.body).await.map_err(|refusal| refused(&refusal.into(), None))?;
        let proxy = Proxy::new(Arc::clone(self), Arc::clone(&self.limits));
        let request = Request::from_parts(head.parts, text);
        let answer = mount.service.answer(&proxy, request, &head.principal).await;
        Ok(answer.map(|body| ResponseBody::of_service(body, head.door.ending())))
    }

    async fn routed<B>(self: &Arc<Self>, found: Found, head: &Head, body: B, used: &Used) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        #[cfg(feature = "hub")]
        if let Some(place) = &found.place {
            let target = self.part_of_hub(place, head).map_err(|told| refused(&told, None))?;
            return self.served(found.route, &target, head, body, used).await;
        }
        let Some(server) = found.server else {
            return Err(refused(&self.no_server(&found, head), None));
        };
        self.served(found.route, &server.into(), head, body, used).await
    }

    /// Where a path leads.
    fn find(&self, path: &str) -> Found {
        let found = route::find(path, &self.servers.now(), &self.mounts);
        #[cfg(feature = "hub")]
        if let Some(hub) = &self.hub
            && !matches!(found.route, Route::Health(_) | Route::Mounted(_))
        {
            let nothing = Found { route: Route::Unknown, server: None, is_named: false, place: None };
            return super::place::find(path, &self.servers.now(), hub).unwrap_or(nothing);
        }
        found
    }

    async fn served<B>(
        self: &Arc<Self>,
        route: Route,
        target: &Target,
        head: &Head,
        body: B,
        used: &Used,
    ) -> Result<Answered, Refused>
    where
        B: Body<Data = Bytes>,
    {
        match route {
            Route::Mcp => match head.method {
                Method::POST => self.post(target, head, body, used).await,
                Method::GET => self.listen(target, head, used),
                Method::DELETE => self.end(target, head),
                _ => Err(refused(&rescue::wrong_method("GET, POST, DELETE"), None)),
            },
            Route::Sse => match (&head.method, head.dialect(target)?) {
                (&Method::GET, Dialect::Standard) => self.open_pair(target, head, used),
                (&Method::GET, Dialect::Prompty) => match target.server() {
                    Some(server) => self.listen_to_all(server, head, used).await,
                    None => Err(refused(&rescue::unknown_dialect(), None)),
                },
                _ => Err(refused(&rescue::wrong_method("GET"), None)),
            },
            Route::Messages => match (&head.method, head.dialect(target)?) {
                (&Method::POST, _) if head.session_parameter().is_some() => {
                    self.post_to_pair(target, head, body, used).await
                }
                (&Method::POST, Dialect::Standard) => Err(refused(&rescue::no_stream(), None)),
                (&Method::POST, Dialect::Prompty) => match target.server() {
                    Some(server) => self.post_for_all(server, head, body).await,
                    None => Err(refused(&rescue::unknown_dialect(), None)),
                },
                _ => Err(refused(&rescue::wrong_method("POST"), None)),
            },
            Route::Health(_) | Route::Mounted(_) | Route::Unknown => Err(refused(&rescue::unknown_route(), None)),
        }
    }

    /// Why a path leads to no server.
    fn no_server(&self, found: &Found, head: &Head) -> Told {
        let servers = self.servers.now();
        let names = servers.iter().map(|server| &**server.name());
        match found.route {
            Route::Mcp | Route::Sse | Route::Messages if found.is_named => {
                rescue::unknown_server(route::first_segment(head.uri.path()), names)
            }
            Route::Mcp | Route::Sse | Route::Messages => rescue::which_server(names),
            Route::Health(_) | Route::Mounted(_) | Route::Unknown => rescue::unknown_route(),
        }
    }
}
