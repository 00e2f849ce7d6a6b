//! What a server's own log says of it.

use mcp_proxy_core::{
    Slot, Supervision,
    transport::{LogSource, ServerLog},
};

use crate::{
    client::{Client, legacy},
    noted::{Log, Noted},
    server::stage,
};

fn texts(client: &Client) -> Vec<String> {
    let lines = client.proxy.server_log("lab").unwrap().lines();
    lines.iter().map(|line| line.text.to_string()).collect()
}

#[tokio::test(start_paused = true)]
async fn what_becomes_of_a_server_is_in_its_log() {
    let log = Log::default();
    let (server, mut stage) = stage();
    let server = Noted::new("lab", server, &log);
    let down = server.down();
    let client = Client::of(legacy(server).supervision(Supervision { max_restarts: 1, ..Supervision::default() }));
    let mut last = client.proxy.server_log("lab").unwrap().watch();
    client.proxy.start().await.unwrap();
    last.wait_for(|_| texts(&client).iter().any(|text| text.contains("is running"))).await.unwrap();
    down.set(true);
    drop(stage.server().await);
    last.wait_for(|_| texts(&client).iter().any(|text| text.contains("has failed: "))).await.unwrap();
    last.wait_for(|_| texts(&client).last().unwrap().starts_with("the server has failed")).await.unwrap();
    let texts = texts(&client);
    assert!(texts.iter().any(|text| text.starts_with("restart 1, for the server has failed: ")), "{texts:?}");
    assert!(texts.last().unwrap().contains("it is down for the test"), "{texts:?}");
    assert!(client.proxy.server_log("other").is_none());
}

#[tokio::test(start_paused = true)]
async fn a_log_goes_on_when_its_server_is_replaced() {
    let (before, next) = (ServerLog::default(), ServerLog::default());
    let client = Client::of(legacy(stage().0).log(before.clone()));
    before.push(LogSource::Stderr, "one");
    client.proxy.set_servers(vec![Slot::Put(Box::new(legacy(stage().0).on_demand().log(next.clone())))]).unwrap();
    next.push(LogSource::Stderr, "two");
    // What the old instance says on its way out is there too.
    before.push(LogSource::Stderr, "three");
    assert_eq!(texts(&client), ["one", "two", "three"]);
}
