//! What a person who opens a page gets.

use http::header::CONTENT_TYPE;

use super::*;

#[tokio::test]
async fn pages_need_no_login_and_every_path_is_one() {
    let scene = scene().await;
    for path in ["/", "/servers/one", "/login"] {
        let answer = scene.send(Method::GET, path, "", &With { has_no_cookie: true, ..With::default() }).await;
        assert_eq!(
            (answer.status().as_u16(), &answer.headers()[CONTENT_TYPE]),
            (200, &"text/html; charset=utf-8".parse().unwrap())
        );
    }
    assert_eq!(scene.send(Method::POST, "/", "", &With::default()).await.status(), 405);
}

#[tokio::test]
async fn whoever_comes_without_tls_from_elsewhere_is_told_how_to_go_on() {
    let scene = scene().await;
    let with = With { host: Some("192.0.2.7:3664"), peer: Some("192.0.2.1"), ..With::default() };
    let answer = scene.send(Method::GET, "/", "", &with).await;
    assert_eq!(answer.status(), 403);
    let page = text(answer).await;
    assert!(page.contains("--admin-url https://") && page.contains("ssh -L"), "{page}");
}

#[tokio::test]
async fn what_is_not_there_says_where_to_look() {
    let scene = scene().await;
    let (status, value) = scene.ask(Method::GET, "/none", "").await;
    assert!(status == 404 && value["error"].as_str().unwrap().contains("/api/v1/openapi.json"), "{value}");
    let (status, value) = scene.ask(Method::PUT, "/servers", "").await;
    assert!(status == 405 && value["error"].as_str().unwrap().contains("GET"), "{value}");
}

#[tokio::test]
async fn a_body_has_a_bound_and_is_json() {
    let scene = scene().await;
    let long = "x".repeat((4 << 20) + 1);
    assert_eq!(scene.ask(Method::PUT, "/servers/x", &long).await.0, 413);
    assert_eq!(scene.ask(Method::POST, "/calls", "{").await.0, 400);
}
