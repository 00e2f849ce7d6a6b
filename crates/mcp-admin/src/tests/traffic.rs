//! What clients see, and what they have called.

use super::*;

const TOOLS: &str = r#"{"tools":[{"name":"add","description":"Adds.","inputSchema":{"type":"object"}}]}"#;

fn script() -> Script {
    Script::new().answer("tools/list", TOOLS).answer("tools/call", r#"{"content":[]}"#)
}

#[tokio::test]
async fn calls_are_listed_with_what_was_said_and_without_secrets() {
    let scene = scene_of(script()).await;
    let mut stream = scene.send(Method::GET, "/api/v1/traffic/events", "", &With::default()).await.into_body();
    let call = r#"{"server": "one", "tool": "add", "arguments": {"token": "s3cret"}}"#;
    assert_eq!(scene.ask(Method::POST, "/calls", call).await.0, 201);
    let (kind, begun) = next_event(&mut stream).await.unwrap();
    assert_eq!((&*kind, &begun["outcome"], &begun["tookMs"]), ("call", &"running".into(), &Value::Null), "{begun}");
    let (_, ended) = next_event(&mut stream).await.unwrap();
    assert_eq!(
        (&ended["outcome"], &ended["id"], &ended["who"]),
        (&"ok".into(), &begun["id"], &"admin".into()),
        "{ended}"
    );

    let exchange = scene.get(&format!("/traffic/{}", begun["id"])).await;
    let said: Vec<_> = exchange["exchange"].as_array().unwrap().iter().map(|it| it["direction"].clone()).collect();
    assert_eq!(said, ["toServer", "toClient"]);
    assert!(!exchange.to_string().contains("s3cret"), "{exchange}");
    for (query, count) in [
        ("", 1),
        ("?tool=add&outcome=ok&server=one", 1),
        ("?q=ADD", 1),
        ("?server=two", 0),
        ("?outcome=error", 0),
        ("?limit=0", 0),
    ] {
        let calls = scene.get(&format!("/traffic{query}")).await;
        assert_eq!(calls["calls"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(scene.ask(Method::GET, "/traffic/99", "").await.0, 404);
}

#[tokio::test]
async fn items_are_shown_beside_what_the_server_has() {
    let scene = scene_of(script()).await;
    let rule = r#"{"exposedName": "plus", "description": "Sums.", "parameters": {"api_key": {"fixed": "s3cret"}}}"#;
    assert_eq!(scene.ask(Method::PUT, "/tools/one/tool/add", rule).await.0, 200);
    assert_eq!(scene.ask(Method::PUT, "/tools/one/tool/gone", r#"{"enabled": false}"#).await.0, 200);
    scene.state().proxy.start().await.unwrap();
    // The lists are asked for in the background; what is told of them changes when they are there.
    let mut stream = scene.send(Method::GET, "/api/v1/events", "", &With::default()).await.into_body();
    while !scene.get("/tools").await["items"].as_array().unwrap().iter().any(|item| item["exposed"] == "plus") {
        next_event(&mut stream).await.unwrap();
    }
    let items = scene.get("/tools").await;
    let find = |server: &str, key: &str| {
        let mut all = items["items"].as_array().unwrap().iter();
        all.find(|item| item["server"] == server && item["key"] == key).unwrap().clone()
    };
    let add = find("one", "add");
    assert_eq!((&add["own"]["description"], &add["seen"]["description"]), (&"Adds.".into(), &"Sums.".into()), "{add}");
    assert_eq!((&add["rule"]["exposedName"], &add["shown"]), (&"plus".into(), &true.into()));
    assert!(!items.to_string().contains("s3cret"), "{items}");
    let gone = find("one", "gone");
    assert!(gone["missing"] == true && gone["why"].is_string() && gone["own"].is_null(), "{gone}");
    assert_eq!((&items["separator"], &items["etag"]), (&"__".into(), &scene.get("/config").await["etag"]));
}
