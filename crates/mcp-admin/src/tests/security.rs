//! What nobody gets past.

use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, RETRY_AFTER};

use super::*;
use crate::{
    audit::KEPT,
    route::{BASE, Needs, Route, Verb},
    routes::all,
};

fn path_of(route: &Route) -> String {
    let segments = route.path.split('/').map(|segment| if segment.starts_with('{') { "x" } else { segment });
    format!("{BASE}{}", segments.collect::<Vec<_>>().join("/"))
}

/// The status that a route answers with, and whether its handler was left alone: whatever is refused, changes nothing.
async fn status(scene: &Scene, route: &Route, with: &With<'_>) -> u16 {
    scene.send(route.verb.method(), &path_of(route), "{}", with).await.status().as_u16()
}

#[tokio::test]
async fn every_route_wants_a_login() {
    let scene = scene().await;
    for route in all().filter(|route| route.needs != Needs::Public) {
        // A WebSocket is asked where it comes from first.
        let origin = (route.needs == Needs::Socket).then_some(OURS);
        let with = With { has_no_cookie: true, origin, ..With::default() };
        assert_eq!(status(&scene, route, &with).await, 401, "{} {}", route.verb.method(), route.path);
    }
}

#[tokio::test]
async fn no_route_is_for_pages_of_others() {
    let scene = scene().await;
    for route in all() {
        for origin in
            ["https://evil.example", "null", "http://localhost:3663", "https://localhost:3664", "http://127.0.0.1:3664"]
        {
            let with = With { origin: Some(origin), ..With::default() };
            assert_eq!(status(&scene, route, &with).await, 403, "{} {}", route.verb.method(), route.path);
        }
    }
}

#[tokio::test]
async fn no_route_is_under_a_foreign_name() {
    let scene = scene().await;
    for route in all() {
        for host in ["evil.example", "evil.example:3664", "192.0.2.1:3664"] {
            let with = With { host: Some(host), ..With::default() };
            assert_eq!(status(&scene, route, &with).await, 403, "{} {}", route.verb.method(), route.path);
        }
        let with = With { peer: Some("192.0.2.1"), ..With::default() };
        assert_eq!(status(&scene, route, &with).await, 403, "{} over plain http from elsewhere", route.path);
    }
}

#[tokio::test]
async fn every_route_that_changes_something_wants_the_token() {
    let scene = scene().await;
    let other = scene.state().login.sessions.begin("admin").unwrap().csrf();
    for route in all() {
        let is_change = route.verb != Verb::Get;
        assert_eq!(is_change, matches!(route.needs, Needs::Write) || route.id == "logIn", "{}", route.id);
        if route.needs == Needs::Write {
            let with = With { has_no_token: true, ..With::default() };
            assert_eq!(status(&scene, route, &with).await, 403, "{} {}", route.verb.method(), route.path);
        }
    }
    let forged = Scene { csrf: other, ..scene };
    let route = all().find(|route| route.id == "removeServer").unwrap();
    assert_eq!(status(&forged, route, &With::default()).await, 403, "the token of another login");
    assert!(forged.file().contains("\"one\""));
}

#[tokio::test]
async fn a_login_ends_when_it_is_ended_and_its_streams_with_it() {
    let scene = scene().await;
    let mut stream = scene.send(Method::GET, "/api/v1/events", "", &With::default()).await.into_body();
    assert_eq!(next_event(&mut stream).await.unwrap().0, "status");
    assert_eq!(scene.ask(Method::POST, "/logout", "").await.0, 204);
    assert_eq!(scene.ask(Method::GET, "/session", "").await.0, 401);
    while next_event(&mut stream).await.is_some() {}
}

#[tokio::test(start_paused = true)]
async fn a_password_is_not_guessed() {
    let scene = scene().await;
    let wrong = r#"{"username": "admin", "password": "wrong"}"#;
    for _ in 0..5 {
        assert_eq!(scene.ask(Method::POST, "/login", wrong).await.0, 401);
    }
    let right = serde_json::json!({"username": "admin", "password": PASSWORD}).to_string();
    let answer = scene.send(Method::POST, "/api/v1/login", &right, &With::default()).await;
    assert_eq!(answer.status(), 429, "the right one is not told from wrong ones any more");
    assert!(answer.headers().contains_key(RETRY_AFTER));
    let audit = scene.get("/audit").await;
    let told = audit["entries"].as_array().unwrap().iter().filter(|entry| entry["what"] == "login").count();
    assert_eq!(told, 7, "{audit}");
    assert!(told < KEPT && !audit.to_string().contains(PASSWORD));
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_others_out() {
    let scene = scene().await;
    for path in ["/", "/servers/x", "/api/v1/session", "/api/v1/none", "/api/v1/openapi.json"] {
        let answer = scene.send(Method::GET, path, "", &With::default()).await;
        let headers = answer.headers();
        let policy = headers[CONTENT_SECURITY_POLICY].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers[CACHE_CONTROL] == "no-store", path.starts_with("/api/"), "{path}");
    }
}

#[tokio::test]
async fn everything_that_is_done_or_tried_is_told_in_the_audit() {
    let scene = scene().await;
    assert_eq!(
        scene.ask(Method::PUT, "/servers/new", r#"{"type": "lab", "env": {"K": "s3cret-of-new"}}"#).await.0,
        200
    );
    assert_eq!(scene.ask(Method::PUT, "/servers/bad", r#"{"command": 1}"#).await.0, 400);
    assert_eq!(scene.ask(Method::POST, "/servers/none/start", "").await.0, 404);
    let audit = scene.get("/audit").await;
    let lines: Vec<_> = audit["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| format!("{} {}: {}", it["who"], it["what"], it["detail"]).replace('"', ""))
        .collect();
    let expected = [
        "admin startServer: none (refused with 404)",
        "admin setServer: bad (refused with 400)",
        "admin setServer: new",
    ];
    assert_eq!(lines[..3], expected);
    assert!(!audit.to_string().contains("s3cret"));
}
