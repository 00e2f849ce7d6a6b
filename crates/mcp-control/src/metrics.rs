//! What is counted, for programs that collect such things.

use async_trait::async_trait;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, StatusCode, header::CONTENT_TYPE};
use mcp_proxy_core::{Proxy, Service, ServiceBody, transport::Principal};

use crate::answer::{refusal, text, wrong_method};

/// What the proxy counts, to be mounted at `metrics`.
#[derive(Clone, Copy, Debug, Default)]
pub struct Metrics;

/// The form that Prometheus and OpenTelemetry collectors read.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

#[async_trait]
impl Service for Metrics {
    async fn answer(&self, proxy: &Proxy, request: Request<Bytes>, _: &Principal) -> Response<ServiceBody> {
        if request.uri().path().trim_matches('/').contains('/') {
            return refusal(StatusCode::NOT_FOUND, "Not found", "there is nothing below the metrics");
        }
        if request.method() != Method::GET {
            return wrong_method("GET");
        }
        let mut answer = text(StatusCode::OK, proxy.metrics());
        answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(OPEN_METRICS));
        answer
    }
}

#[cfg(test)]
mod tests {
    use http::header::ALLOW;
    use http_body_util::BodyExt;
    use mcp_testkit::Script;

    use super::*;

    async fn ask(method: Method, path: &str) -> Response<ServiceBody> {
        let proxy = Proxy::builder().server("my \"lab\"", Script::new().transport()).build().unwrap();
        let request = Request::builder().method(method).uri(path).body(Bytes::new()).unwrap();
        Metrics.answer(&proxy, request, &Principal::Anonymous).await
    }

    #[tokio::test]
    async fn they_are_a_whole_text_in_the_form_that_collectors_read() {
        for path in ["/metrics", "/metrics/", "/metrics?name[]=x"] {
            let answer = ask(Method::GET, path).await;
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()[CONTENT_TYPE], OPEN_METRICS);
            let text = answer.into_body().collect().await.unwrap().to_bytes();
            let text = std::str::from_utf8(&text).unwrap();
            assert!(
                text.contains("mcp_server_up{server=\"my \\\"lab\\\"\"} 0\n") && text.ends_with("# EOF\n"),
                "{text}"
            );
        }
    }

    #[tokio::test]
    async fn they_can_be_read_and_no_more() {
        let answer = ask(Method::POST, "/metrics").await;
        assert_eq!(answer.status(), 405);
        assert_eq!(answer.headers()[ALLOW], "GET");
        assert_eq!(ask(Method::GET, "/metrics/lab").await.status(), 404);
    }
}
