//! The other ways to a hub: HTTP+SSE, byte streams, the modern era.

use mcp_protocol::Era;
use mcp_proxy_core::{HubOptions, Proxy, ServerOptions};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};

use crate::{
    client::{Client, get, initialize, post},
    fleet::{LIST, call, hub, names, script},
};

#[tokio::test(start_paused = true)]
async fn two_clients_of_one_stream_each_get_their_own_answers() {
    let client = Client::build(hub());
    let mut pairs = Vec::new();
    for _ in 0..2 {
        let mut stream = client.open(get("/sse")).await;
        stream.expect_stream();
        let endpoint = stream.next().await.unwrap().data().to_owned();
        client.ask(post(initialize("2024-11-05")).at(&endpoint)).await;
        assert!(stream.message().await.data().contains("mcp_hub"));
        pairs.push((stream, endpoint));
    }
    for ((_, endpoint), tool) in pairs.iter().zip(["a__who", "b__who"]) {
        assert_eq!(client.ask(post(call(tool)).at(endpoint)).await.status, 202);
    }
    for ((stream, _), server) in pairs.iter_mut().zip(["a", "b"]) {
        assert!(stream.message().await.data().contains(&format!(r#""from":"{server}""#)));
    }
    // One leaves, and the other one does not notice.
    let (mut stays, endpoint) = pairs.pop().unwrap();
    drop(pairs);
    client.ask(post(call("a__who")).at(&endpoint)).await;
    assert!(stays.message().await.data().contains(r#""from":"a""#));
}

#[tokio::test]
async fn a_client_on_byte_streams_gets_messages_and_nothing_else() {
    let proxy = hub().build().unwrap();
    let (near, far) = tokio::io::duplex(1 << 16);
    let (input, output) = tokio::io::split(far);
    let serving = tokio::spawn(async move { proxy.serve_hub_bytes(input, output, std::future::pending()).await });
    let (read, mut write) = tokio::io::split(near);
    let mut lines = BufReader::new(read).lines();
    for (text, expected) in
        [(initialize("2025-06-18"), "mcp_hub"), (LIST.to_owned(), "b__who"), (call("b__who"), r#""from":"b""#)]
    {
        write.write_all(format!("{text}\n").as_bytes()).await.unwrap();
        let line = lines.next_line().await.unwrap().unwrap();
        assert!(line.starts_with('{') && line.contains(expected), "{line}");
    }
    write.shutdown().await.unwrap();
    drop(write);
    assert!(serving.await.unwrap().is_ok());
    assert_eq!(lines.next_line().await.unwrap(), None);
}

pub(crate) fn modern(method: &str, name: &str) -> crate::client::Ask {
    modern_with(method, name, "{}")
}

/// The same, with these arguments (JSON text).
pub(crate) fn modern_with(method: &str, name: &str, arguments: &str) -> crate::client::Ask {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
    let named = if name.is_empty() { String::new() } else { format!(r#""name":"{name}","arguments":{arguments},"#) };
    let ask = post(format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{named}{meta}}}}}"#))
        .header("mcp-protocol-version", "2026-07-28")
        .header("mcp-method", method);
    if name.is_empty() { ask } else { ask.header("mcp-name", name) }
}

#[tokio::test(start_paused = true)]
async fn modern_servers_are_one_to_modern_clients() {
    let server = |name| ServerOptions::new(name, script(name).transport()).era(Era::Modern);
    let builder = Proxy::builder().server_with(server("a")).server_with(server("b"));
    let client = Client::build(builder.hub(HubOptions::default()));
    let found = client.ask(modern("server/discover", "")).await.result();
    assert!(found.contains(r#""supportedVersions":["2026-07-28"]"#) && found.contains("mcp_hub"), "{found}");
    let list = client.ask(modern("tools/list", "")).await.result();
    for part in [r#""name":"a__who""#, r#""name":"b__who""#, r#""ttlMs":"#, r#""resultType":"complete""#] {
        assert!(list.contains(part), "{list}");
    }
    assert!(client.ask(modern("tools/call", "b__who")).await.result().contains(r#""from":"b""#));
}

#[tokio::test(start_paused = true)]
async fn servers_of_both_eras_are_there_for_clients_of_both() {
    let builder = hub().server_with(ServerOptions::new("m", script("m").transport()).era(Era::Modern));
    let client = Client::build(builder);
    let list = client.ask(modern("tools/list", "")).await.result();
    for tool in ["a__who", "b__who", "m__who"] {
        assert!(list.contains(tool), "{tool}: {list}");
        let server = &tool[..1];
        assert!(client.ask(modern("tools/call", tool)).await.result().contains(&format!(r#""from":"{server}""#)));
    }
    let id = client.session("2025-06-18").await;
    assert_eq!(names(&client.ask(post(LIST).session(&id)).await), ["a__who", "b__who", "m__who"]);
    let got = client.ask(post(call("m__who")).session(&id)).await;
    assert_eq!(got.result(), r#"{"content":[],"from":"m"}"#);
}
