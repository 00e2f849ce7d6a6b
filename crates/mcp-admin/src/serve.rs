//! One request: the checks, in their order, then the handler, then the headers of every answer.

use std::{convert::Infallible, net::IpAddr, sync::Arc};

use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Response, StatusCode,
    header::{
        ALLOW, CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use tokio::time::timeout;

use crate::{
    answer::{Answer, Audited, Body, Refusal, full},
    ask::Ask,
    login::{self, CSRF_HEADER},
    route::{BASE, Needs, Route},
    routes::all,
    site::EXPOSED,
    state::State,
};

/// Nothing from other hosts, nothing inline, and no page around ours.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
    connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Answers a request of `peer`. It never fails: every error is an answer.
pub(crate) async fn answer<B>(
    state: Arc<State>,
    peer: IpAddr,
    request: Request<B>,
) -> Result<Response<Body>, Infallible>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let path = request.uri().path().to_owned();
    let is_api = path.starts_with("/api/") || path == "/api";
    let mut response = match checked(state, peer, request, is_api).await {
        Ok(response) => response,
        Err(refusal) if !is_api => page(&refusal),
        Err(refusal) => refusal.into_response(),
    };
    stamp(response.headers_mut(), is_api);
    Ok(response)
}

async fn checked<B>(state: Arc<State>, peer: IpAddr, mut request: Request<B>, is_api: bool) -> Answer
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    // First whom it is for and where it comes from, whatever it asks.
    let place = state.site.place(request.headers(), request.uri(), peer)?;
    place.check_origin(request.headers(), false)?;
    if !is_api {
        return match *request.method() {
            Method::GET | Method::HEAD => Ok(state.assets.answer(request.uri().path(), request.headers()).await),
            _ => Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "pages are only read")),
        };
    }
    let (route, params) = match find(request.method(), request.uri().path()) {
        Found::Route(route, params) => (route, params),
        Found::OtherMethods(methods) => return Ok(wrong_method(&methods)),
        Found::Nothing => {
            return Err(Refusal::missing(format!("there is nothing here; {BASE}/openapi.json says what there is")));
        }
    };
    let session = login::read(&place, request.headers()).and_then(|token| state.login.sessions.find(token));
    check(route, &place, request.headers(), session.as_ref())?;

    let upgrade = (route.needs == Needs::Socket).then(|| hyper::upgrade::on(&mut request));
    let (head, body) = request.into_parts();
    let body = read(&state, body).await?;
    let (uri, headers) = (head.uri, head.headers);
    let detail = params.iter().map(|(_, value)| value.as_str()).collect::<Vec<_>>().join(" ");
    let who: Box<str> = session.as_ref().map_or("nobody", |session| session.who()).into();
    let ask = Ask { uri, headers, body, session, peer, place, params, upgrade };
    let answer = (route.handler)(Arc::clone(&state), ask).await;
    if matches!(route.needs, Needs::Write | Needs::Socket) {
        note(&state, &who, route, &detail, &answer);
    }
    answer
}

/// What a request must bring for this route.
fn check(
    route: &Route,
    place: &crate::site::Place,
    headers: &HeaderMap,
    session: Option<&login::Session>,
) -> Result<(), Refusal> {
    let is_read = route.needs == Needs::Read || (route.needs == Needs::Public && route.verb == crate::route::Verb::Get);
    place.check_origin(headers, !is_read)?;
    if route.needs == Needs::Public {
        return Ok(());
    }
    let session = session.ok_or_else(|| Refusal::new(StatusCode::UNAUTHORIZED, "log in first"))?;
    if route.needs == Needs::Write {
        let token = headers.get(CSRF_HEADER).and_then(|token| token.to_str().ok());
        if !token.is_some_and(|token| session.is_csrf(token)) {
            let error = format!("send the `csrfToken` of {BASE}/session in the header `{CSRF_HEADER}`");
            return Err(Refusal::forbidden(error));
        }
    }
    Ok(())
}

enum Found {
    Route(&'static Route, Vec<(&'static str, String)>),
    OtherMethods(Vec<Method>),
    Nothing,
}

fn find(method: &Method, path: &str) -> Found {
    let Some(rest) = path.strip_prefix(BASE).and_then(|rest| rest.strip_prefix('/')) else { return Found::Nothing };
    let segments: Vec<_> = rest.split('/').collect();
    // Where two routes fit, the one without places was meant, and stands first.
    let fitting: Vec<_> = all().filter_map(|route| Some((route, route.matched(&segments)?))).collect();
    let mut others = Vec::new();
    for (route, params) in fitting {
        if route.verb.method() == *method {
            return Found::Route(route, params);
        }
        others.push(route.verb.method());
    }
    if others.is_empty() { Found::Nothing } else { Found::OtherMethods(others) }
}

async fn read<B>(state: &State, body: B) -> Result<Bytes, Refusal>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let (limit, patience) = (state.options.body, state.options.patience);
    match timeout(patience, Limited::new(body, limit).collect()).await {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<LengthLimitError>() => {
            let error = format!("the body is longer than {limit} bytes");
            Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, error))
        }
        Ok(Err(_)) => Err(Refusal::bad("the body did not come to its end")),
        Err(_) => Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "the body did not come in time")),
    }
}

/// Notes what was done, or tried.
fn note(state: &State, who: &str, route: &Route, detail: &str, answer: &Answer) {
    let detail = match answer {
        Ok(response) => match response.extensions().get::<Audited>() {
            Some(Audited(more)) if detail.is_empty() => more.clone(),
            Some(Audited(more)) => format!("{detail}: {more}"),
            None => detail.to_owned(),
        },
        Err(refusal) => format!("{detail} (refused with {})", refusal.status.as_u16()),
    };
    state.audit.note(who, route.id, detail.trim());
}

fn wrong_method(methods: &[Method]) -> Response<Body> {
    let names = methods.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
    let refusal = Refusal::new(StatusCode::METHOD_NOT_ALLOWED, format!("use {names}"));
    let mut response = refusal.into_response();
    if let Ok(names) = names.parse() {
        response.headers_mut().insert(ALLOW, names);
    }
    response
}

/// A refusal for a person who has opened a page.
fn page(refusal: &Refusal) -> Response<Body> {
    let title = if refusal.error == EXPOSED { "Not over plain http" } else { "Not answered" };
    let text = refusal.error.replace('&', "&amp;").replace('<', "&lt;");
    let html = format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width\">\n\
         <title>{title}</title>\n<main>\n<h1>{title}</h1>\n<p>{text}</p>\n</main>\n</html>\n"
    );
    let mut response = Response::new(full(html));
    *response.status_mut() = refusal.status;
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    response
}

/// The headers of every answer.
fn stamp(headers: &mut HeaderMap, is_api: bool) {
    let fixed = [
        (CONTENT_SECURITY_POLICY, POLICY),
        (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (X_FRAME_OPTIONS, "DENY"),
        (REFERRER_POLICY, "no-referrer"),
        (http::HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
        (http::HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
        (http::HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(name, HeaderValue::from_static(value));
    }
    if is_api {
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
}
