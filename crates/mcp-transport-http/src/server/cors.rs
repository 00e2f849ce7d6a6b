//! What a browser has to be told before a page of another origin may read our answers.

use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCEPT, ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS,
        ACCESS_CONTROL_REQUEST_METHOD, AUTHORIZATION, CONTENT_TYPE, VARY, WWW_AUTHENTICATE,
    },
    request::Parts,
};
use mcp_protocol::{ParamHeaders, header};

use super::Answer;

/// A request came past the [`Guard`](super::Guard); the answer to it shows the pass.
#[must_use = "the answer must be stamped, or browsers will not show it to the page"]
#[derive(Clone, Debug)]
pub struct Pass {
    /// The page's origin, where it is another than ours.
    pub(super) origin: Option<HeaderValue>,
    /// Whether pages of other origins could ask the same.
    pub(super) varies: bool,
}

/// How long a browser may remember what it was told. None remembers for longer than two hours.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

impl Pass {
    /// The answer to a browser that asks whether a page may send a request; `None` if this is no such question. It needs
    /// no other stamp.
    #[must_use]
    pub fn preflight<S>(&self, head: &Parts) -> Option<Response<Answer<S>>> {
        let asks = head.method == Method::OPTIONS && head.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
        if !asks || self.origin.is_none() {
            return None;
        }
        let mut response = Response::new(Answer::Empty);
        *response.status_mut() = StatusCode::NO_CONTENT;
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST, DELETE"));
        headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, allowed_headers(&head.headers));
        headers.insert(ACCESS_CONTROL_MAX_AGE, MAX_AGE);
        self.stamp(headers);
        Some(response)
    }

    /// Adds to the headers of an answer what lets the page read it.
    pub fn stamp(&self, headers: &mut HeaderMap) {
        if self.varies {
            headers.append(VARY, HeaderValue::from_static("origin"));
        }
        if let Some(origin) = &self.origin {
            headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
            let exposed = [header::SESSION_ID, header::PROTOCOL_VERSION, WWW_AUTHENTICATE.as_str()];
            if let Ok(exposed) = HeaderValue::from_str(&exposed.join(", ")) {
                headers.insert(ACCESS_CONTROL_EXPOSE_HEADERS, exposed);
            }
        }
    }
}

/// The headers that clients send, and those for arguments of tools that this one asks for: their names are in the tools.
fn allowed_headers(asked: &HeaderMap) -> HeaderValue {
    let mut names = vec![
        CONTENT_TYPE.as_str(),
        ACCEPT.as_str(),
        AUTHORIZATION.as_str(),
        "x-api-key",
        header::SESSION_ID,
        header::PROTOCOL_VERSION,
        header::METHOD,
        header::NAME,
        header::LAST_EVENT_ID,
    ];
    let values = asked.get_all(ACCESS_CONTROL_REQUEST_HEADERS).iter().filter_map(|value| value.to_str().ok());
    let params = values.flat_map(|value| value.split(',')).map(str::trim).filter(|name| is_param(name));
    names.extend(params.take(ParamHeaders::MAX));
    // Names of headers, put together, are the value of one.
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("content-type, accept"))
}

fn is_param(name: &str) -> bool {
    let prefix = name.get(..header::PARAM_PREFIX.len());
    prefix.is_some_and(|prefix| prefix.eq_ignore_ascii_case(header::PARAM_PREFIX))
        && HeaderName::from_bytes(name.as_bytes()).is_ok()
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn pass(origin: Option<&'static str>) -> Pass {
        Pass { origin: origin.map(HeaderValue::from_static), varies: true }
    }

    fn preflight(pass: &Pass, method: &str, headers: &[(&str, &str)]) -> Option<Response<Answer<()>>> {
        let mut request = Request::builder().method(method);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        pass.preflight(&request.body(()).unwrap().into_parts().0)
    }

    #[test]
    fn a_page_that_may_use_us_is_told_so() {
        let asked = [
            ("access-control-request-method", "POST"),
            ("access-control-request-headers", "content-type, Mcp-Param-Region,x-other"),
            ("access-control-request-headers", "mcp-param-a b, mcp-param-b"),
        ];
        let response = preflight(&pass(Some("https://app.example")), "OPTIONS", &asked).unwrap();
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let value = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(value("access-control-allow-origin"), "https://app.example");
        assert_eq!(value("access-control-allow-methods"), "GET, POST, DELETE");
        assert_eq!(
            value("access-control-allow-headers"),
            "content-type, accept, authorization, x-api-key, mcp-session-id, mcp-protocol-version, mcp-method, mcp-name, \
             last-event-id, Mcp-Param-Region, mcp-param-b"
        );
        assert_eq!(value("vary"), "origin");
        assert_eq!(value("access-control-max-age"), "7200");
    }

    #[test]
    fn only_a_question_of_another_origin_is_one() {
        let asked = [("access-control-request-method", "POST")];
        let page = pass(Some("https://app.example"));
        assert!(preflight(&page, "OPTIONS", &asked).is_some());
        assert!(preflight(&page, "POST", &asked).is_none());
        assert!(preflight(&page, "OPTIONS", &[]).is_none());
        assert!(preflight(&pass(None), "OPTIONS", &asked).is_none());
    }

    #[test]
    fn asked_for_names_are_bounded() {
        let many = (0..200).map(|n| format!("mcp-param-{n}")).collect::<Vec<_>>().join(",");
        let mut headers = HeaderMap::new();
        headers.insert(ACCESS_CONTROL_REQUEST_HEADERS, many.parse().unwrap());
        assert_eq!(allowed_headers(&headers).to_str().unwrap().split(", ").count(), 9 + ParamHeaders::MAX);
    }

    #[test]
    fn an_answer_names_the_origin_and_never_any_origin() {
        let mut headers = HeaderMap::new();
        pass(Some("https://app.example")).stamp(&mut headers);
        assert_eq!(headers[ACCESS_CONTROL_ALLOW_ORIGIN], "https://app.example");
        assert_eq!(headers[ACCESS_CONTROL_EXPOSE_HEADERS], "mcp-session-id, mcp-protocol-version, www-authenticate");

        let mut headers = HeaderMap::new();
        pass(None).stamp(&mut headers);
        assert_eq!(headers.len(), 1, "what depends on the origin says so even without one");
        assert_eq!(headers[VARY], "origin");
    }
}
