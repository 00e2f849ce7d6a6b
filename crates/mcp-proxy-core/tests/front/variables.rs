//! Variables that requests set for a process of their own.

use std::collections::BTreeMap;

use http::{HeaderName, Method};
use mcp_proxy_core::{
    Proxy, ServerOptions, Sharing,
    auth::{RequestEnv, Source},
    protocol::Era,
};
use mcp_testkit::Script;

use crate::{
    client::{Ask, Client, ask, call, dedicated, get, initialize, legacy, plain, post},
    keys::{ALICE, BOB, keys},
    modern::tool,
    noted::{Log, Noted},
};

fn rules() -> RequestEnv {
    let (token, region) = (Source::Query("token".to_owned()), Source::Header(HeaderName::from_static("x-region")));
    RequestEnv::listed(BTreeMap::from([("TOKEN".to_owned(), token), ("REGION".to_owned(), region)])).unwrap()
}

/// A client of a server whose processes take a token and a region, and what is done to have them.
fn client(era: Era) -> (Client, Log) {
    let log = Log::default();
    let script = Script::new().answer("tools/call", r#"{"resultType":"complete"}"#);
    let server = dedicated(Noted::new("lab", script.transport(), &log)).era(era).request_env(rules());
    (Client::of(server), log)
}

fn with(ask: Ask, token: &str, region: &str) -> Ask {
    ask.query(&format!("token={token}")).header("x-region", region)
}

const OPENED: &str = "lab opens REGION=eu TOKEN=s3cret a";

#[tokio::test]
async fn a_session_of_streamable_http_has_a_process_with_them() {
    let (client, log) = client(Era::Legacy);
    let got = client.ask(with(post(initialize("2025-06-18")), "s3cret+a", "eu")).await;
    assert_eq!((got.status, log.lines()), (200, vec![OPENED.to_owned()]), "{}", got.text);
    let none = client.ask(post(initialize("2025-06-18"))).await;
    assert_eq!((none.status, &*log.lines()[1]), (200, "lab opens"));
}

#[tokio::test]
async fn a_session_of_http_and_sse_has_a_process_with_them() {
    let (client, log) = client(Era::Legacy);
    let mut events = client.open(with(get("/sse"), "s3cret%20a", "eu")).await;
    let endpoint = events.next().await.unwrap().data().to_owned();
    assert!(!endpoint.contains("s3cret"), "{endpoint}");
    assert_eq!(client.ask(post(initialize("2024-11-05")).at(&endpoint)).await.status, 202);
    assert!(events.message().await.data().contains("result"));
    assert_eq!(log.lines(), [OPENED]);
    let other = with(post(call(1)).at(&endpoint), "b", "eu");
    client.ask(other).await.expect(400, -32600, "null");
    let same = with(post(call(1)).at(&endpoint), "s3cret+a", "eu");
    assert_eq!(client.ask(same).await.status, 202);
}

#[tokio::test]
async fn a_call_without_a_session_has_a_process_with_them() {
    for (era, call) in [(Era::Legacy, plain(call(1))), (Era::Modern, tool())] {
        let (client, log) = client(era);
        for _ in 0..3 {
            let got = client.ask(with(call.clone(), "s3cret+a", "eu")).await;
            assert_eq!((got.status, log.lines()), (200, vec![OPENED.to_owned()]), "{}", got.text);
        }
        for (token, region, opened) in [("b", "eu", 2), ("s3cret+a", "us", 3), ("b", "eu", 3), ("s3cret+a", "eu", 3)] {
            assert_eq!(client.ask(with(call.clone(), token, region)).await.status, 200);
            assert_eq!(log.lines().len(), opened, "different values, different processes: {token} {region}");
        }
    }
}

#[tokio::test]
async fn equal_values_of_two_clients_are_two_processes() {
    let log = Log::default();
    let script = Script::new().answer("tools/call", "{}");
    let server = dedicated(Noted::new("lab", script.transport(), &log)).request_env(rules());
    let client = Client::build(Proxy::builder().server_with(server).keys(keys()));
    for (key, opened) in [(ALICE, 1), (BOB, 2), (ALICE, 2), (BOB, 2)] {
        assert_eq!(client.ask(with(plain(call(1)), "a", "eu").key(key)).await.status, 200);
        assert_eq!(log.lines().len(), opened);
    }
}

#[tokio::test]
async fn a_parameter_that_sets_nothing_is_refused() {
    let log = Log::default();
    let servers: [fn(Noted) -> ServerOptions; 3] = [legacy, dedicated, |server| dedicated(server).request_env(rules())];
    for server in servers {
        let client = Client::of(server(Noted::new("lab", Script::new().transport(), &log)));
        for ask in [post(initialize("2025-06-18")), plain(call(1)), get("/sse"), tool()] {
            let got = client.ask(ask.query("TOKEN=s3cret")).await;
            assert_eq!(got.status, 400, "{}", got.text);
            assert!(got.text.contains("requestEnv") && got.text.contains("`TOKEN`"), "{}", got.text);
            assert!(!got.text.contains("s3cret"), "{}", got.text);
        }
    }
    assert_eq!(log.lines(), [""; 0]);
}

#[tokio::test]
async fn a_session_keeps_its_variables() {
    let (client, log) = client(Era::Legacy);
    let begun = client.ask(with(post(initialize("2025-06-18")), "a", "eu")).await;
    let session = begun.header("mcp-session-id").unwrap();
    let asks = [post(call(1)), get("/mcp"), ask(Method::DELETE, "/mcp")].map(|ask| ask.session(session));
    for ask in &asks {
        for (token, region) in [("b", "eu"), ("a", "us")] {
            client.ask(with(ask.clone(), token, region)).await.expect(400, -32600, "null");
        }
        client.ask(ask.clone().query("token=a")).await.expect(400, -32600, "null");
        let foreign = client.ask(ask.clone().query("other=a")).await;
        assert!(foreign.status == 400 && foreign.text.contains("requestEnv"), "{}", foreign.text);
    }
    for ask in [post(call(1)).session(session), with(post(call(1)).session(session), "a", "eu")] {
        assert_eq!(client.ask(ask).await.status, 200, "none, or the same again");
    }
    assert_eq!(log.lines().len(), 1);
}

#[tokio::test]
async fn a_server_that_takes_variables_is_never_shared() {
    let log = Log::default();
    let server = legacy(Noted::new("lab", Script::new().answer("tools/call", "{}").transport(), &log));
    let client = Client::of(server.request_env(rules()).sharing(Sharing::Shared));
    for token in ["a", "b"] {
        assert_eq!(client.ask(plain(call(1)).query(&format!("token={token}"))).await.status, 200);
    }
    assert_eq!(log.lines(), ["lab opens TOKEN=a", "lab opens TOKEN=b"]);
}

#[tokio::test]
async fn any_variable_may_be_set_where_the_rules_say_so() {
    let log = Log::default();
    let server = dedicated(Noted::new("lab", Script::new().answer("tools/call", "{}").transport(), &log));
    let client = Client::of(server.request_env(RequestEnv::any()));
    assert_eq!(client.ask(plain(call(1)).query("A=1").query("B_C=x%3Dy")).await.status, 200);
    assert_eq!(log.lines(), ["lab opens A=1 B_C=x=y"]);
    let got = client.ask(plain(call(1)).query("LD_PRELOAD=s3cret")).await;
    assert!(got.status == 400 && got.text.contains("LD_PRELOAD") && !got.text.contains("s3cret"), "{}", got.text);
}
