//! What needs no asking: the handshake, the envelope, results, errors, state.

use mcp_protocol::LogLevel;

use super::*;

#[tokio::test(start_paused = true)]
async fn the_server_introduces_itself_as_a_legacy_one() {
    let (client, _server) = usual().await;
    let peer = client.server.peer();
    assert_eq!(peer.revision, Revision::LATEST_LEGACY);
    let expect = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{"listChanged":true},"prompts":{},"resources":{"subscribe":true,"listChanged":true},"logging":{}},"serverInfo":{"name":"s","version":"1"}}"#;
    assert_eq!(&*peer.handshake, expect);
    assert_eq!(client.response(method::INITIALIZE, Some("{}")).await.result(), Some(expect));
}

#[tokio::test(start_paused = true)]
async fn a_request_carries_what_the_client_said_once() {
    let (client, mut server) = usual().await;
    let params = r#"{ "name":"t", "arguments":{"n":1e400},"_meta":{"progressToken":"p","v/x":1}}"#;
    let reply = client.call("\"a\"", method::TOOLS_CALL, Some(params)).await;
    let request = server.next().await;
    let claim = Claim::read(&request).unwrap().unwrap();
    assert_eq!(claim.version, "2026-07-28");
    assert_eq!(claim.capabilities, Some(r#"{"roots":{},"sampling":{},"elicitation":{"form":{},"url":{}}}"#));
    assert_eq!(claim.client_info, Some(r#"{"name":"c","version":"1"}"#));
    assert_eq!(claim.log_level, Some(LogLevel::Info), "the server has a log, and the client has not said");
    assert_eq!(request.value(&["params", meta::META, "v/x"]), Some("1"));
    assert!(text(&request).contains(r#"{ "name":"t", "arguments":{"n":1e400},"_meta":{"#));
    server.answer(&request, r#"{"resultType":"complete","content":[ ],"_meta":{"a":1}}"#).await;
    let response = reply.response().await.unwrap();
    assert_eq!(text(&response), r#"{"jsonrpc":"2.0","id":"a","result":{"content":[ ],"_meta":{"a":1}}}"#);
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_said_nothing_can_do_nothing() {
    let (client, mut server) = pair(r#"{"supportedVersions":[],"capabilities":{}}"#, Revision::V2024_11_05, None).await;
    let _reply = client.call("1", method::TOOLS_LIST, None).await;
    let request = server.next().await;
    let claim = Claim::read(&request).unwrap().unwrap();
    assert_eq!((claim.capabilities, claim.client_info, claim.log_level), (Some("{}"), None, None));
}

#[tokio::test(start_paused = true)]
async fn what_a_call_tells_comes_in_order_before_its_response() {
    let (client, mut server) = usual().await;
    let params = r#"{"name":"t","_meta":{"progressToken":"p"}}"#;
    let mut reply = client.call("1", method::TOOLS_CALL, Some(params)).await;
    let request = server.next().await;
    let token = request.value(&meta::PROGRESS_TOKEN_PATH).unwrap().to_owned();
    let progress = |value| {
        let params = format!(r#"{{"progressToken":{token},"progress":{value}}}"#);
        Message::notification(method::PROGRESS, Some(&params))
    };
    let log = |level| {
        let params = format!(r#"{{"level":"{level}","data":"x"}}"#);
        Message::notification(method::MESSAGE, Some(&params))
    };
    for note in [progress("0.5"), log("debug"), log("warning"), progress("1.0")] {
        server.say(note).await;
    }
    server.answer(&request, r#"{"content":[]}"#).await;
    assert_eq!(next(&mut reply).await.params(), Some(r#"{"progressToken":"p","progress":0.5}"#));
    assert_eq!(next(&mut reply).await.params(), Some(r#"{"level":"warning","data":"x"}"#), "and none below info");
    assert_eq!(next(&mut reply).await.params(), Some(r#"{"progressToken":"p","progress":1.0}"#));
    assert_eq!(next(&mut reply).await.result(), Some(r#"{"content":[]}"#));
    assert!(reply.next().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_level_a_client_sets_goes_with_every_later_request() {
    let (client, mut server) = usual().await;
    let set = client.response(method::LOGGING_SET_LEVEL, Some(r#"{"level":"error"}"#)).await;
    assert_eq!(set.result(), Some("{}"));
    let refused = client.response(method::LOGGING_SET_LEVEL, Some(r#"{"level":"loud"}"#)).await;
    assert_eq!(code::of(&refused), Some(code::INVALID_PARAMS));
    let _reply = client.call("1", method::PROMPTS_LIST, Some("{}")).await;
    let request = server.next().await;
    assert_eq!(Claim::read(&request).unwrap().unwrap().log_level, Some(LogLevel::Error));
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_the_legacy_era_never_reaches_the_server() {
    let (client, mut server) = usual().await;
    assert_eq!(client.response(method::PING, None).await.result(), Some("{}"));
    for unknown in [method::TASKS_LIST, method::TASKS_GET, method::SERVER_DISCOVER, method::SUBSCRIPTIONS_LISTEN] {
        assert_eq!(code::of(&client.response(unknown, None).await), Some(code::METHOD_NOT_FOUND), "{unknown}");
    }
    for note in [method::INITIALIZED, method::ROOTS_LIST_CHANGED, method::CANCELLED, method::PROGRESS, "vendor/x"] {
        client.tell(Message::notification(note, None)).await;
    }
    client.tell(Message::response(&Id::from(1), "{}")).await;
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn an_unknown_resource_has_the_code_of_the_era() {
    let (client, mut server) = usual().await;
    let reply = client.call("1", method::RESOURCES_READ, Some(r#"{"uri":"a:b"}"#)).await;
    let request = server.next().await;
    server.refuse(&request, code::INVALID_PARAMS, Some(r#"{"uri":"a:b"}"#)).await;
    let response = reply.response().await.unwrap();
    assert_eq!(code::of(&response), Some(code::RESOURCE_NOT_FOUND));
    assert_eq!(response.id(), Some(Id::from(1)));
}

#[tokio::test(start_paused = true)]
async fn params_without_a_place_for_the_envelope_are_refused_here() {
    let (client, mut server) = usual().await;
    for params in ["[]", r#"{"_meta":1}"#] {
        assert_eq!(code::of(&client.response(method::TOOLS_LIST, Some(params)).await), Some(code::INVALID_PARAMS));
    }
    server.hears_nothing().await;
}

#[tokio::test(start_paused = true)]
async fn a_big_payload_stays_as_it_is_in_both_directions() {
    let (client, mut server) = usual().await;
    let big = format!(r#""{}\u00e4\/{}""#, "x".repeat(400_000), "ö".repeat(100_000));
    let params = format!(r#"{{"name":"t","arguments":{{"big":{big} , "n":0.10}}}}"#);
    let reply = client.call("1", method::TOOLS_CALL, Some(&params)).await;
    let request = server.next().await;
    assert_eq!(request.value(&["params", "arguments"]), Some(format!(r#"{{"big":{big} , "n":0.10}}"#).as_str()));
    let content = format!(r#"[ {{"type":"text","text":{big}}} ]"#);
    server.answer(&request, &format!(r#"{{"content":{content},"resultType":"complete"}}"#)).await;
    let response = reply.response().await.unwrap();
    assert_eq!(response.result(), Some(format!(r#"{{"content":{content}}}"#).as_str()));
}

#[tokio::test(start_paused = true)]
async fn giving_a_call_up_cancels_it_at_the_server() {
    let (client, mut server) = usual().await;
    let reply = client.call("1", method::TOOLS_CALL, Some(r#"{"name":"t"}"#)).await;
    let request = server.next().await;
    reply.cancel(Some("enough"));
    let cancelled = server.next().await;
    assert_eq!(cancelled.method(), Some(method::CANCELLED));
    assert_eq!(cancelled.value(&["params", "requestId"]), Some(request.id().unwrap().as_str()));
    assert_eq!(cancelled.value(&["params", "reason"]), Some(r#""enough""#));
    drop(client.call("2", method::TOOLS_CALL, Some(r#"{"name":"t"}"#)).await);
    server.next().await;
    assert_eq!(server.next().await.method(), Some(method::CANCELLED));
}

#[tokio::test(start_paused = true)]
async fn closing_leaves_the_server_to_the_others() {
    let (client, mut server) = usual().await;
    let modern = Arc::clone(&client.server.session.modern);
    client.server.close().await;
    assert_eq!(client.server.closed().await.reason, CloseReason::Requested);
    let message = Message::request(&Id::from(1), method::PING, None);
    let error = client.server.call(Request::new(message, Arc::clone(&client.caller)).unwrap()).await.unwrap_err();
    assert!(matches!(error.reason, NotSent::Closed(_)));
    assert_eq!(error.message.id(), Some(Id::from(1)));

    let message = Message::request(&Id::from(1), method::TOOLS_LIST, None);
    let reply = modern.call(Request::new(message, Arc::clone(&client.caller)).unwrap()).await.unwrap();
    let request = server.next().await;
    server.answer(&request, "{}").await;
    assert!(reply.response().await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ends_ends_it() {
    let (client, server) = usual().await;
    drop(server.says);
    assert_ne!(client.server.closed().await.reason, CloseReason::Requested);
    let message = Message::request(&Id::from(9), method::TOOLS_LIST, Some(r#"{"a":1}"#));
    let error = client.server.call(Request::new(message, Arc::clone(&client.caller)).unwrap()).await.unwrap_err();
    assert_eq!(text(&error.message), r#"{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{"a":1}}"#, "as it was");
}
