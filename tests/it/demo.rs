//! The server that `mcp-stdio` brings along, through `mcp-stdio`.

use mcp_testkit::bin;
use serde_json::json;

use crate::client::{Http, Pair, Session, text};
use crate::proxy::{Proxy, program};

const NONE: [&str; 0] = [];

async fn whole_session(proxy: Proxy) {
    let session = Session::open(&Http::new(), &proxy.mcp, json!({"elicitation": {}})).await;
    let tools = session.request(1, "tools/list", json!({})).await.response().await;
    let tools: Vec<_> = tools["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    for name in ["echo", "add", "time", "big", "count", "ask", "roots"] {
        assert!(tools.iter().any(|tool| *tool == name), "{name} is not among {tools:?}");
    }
    assert_eq!(text(&session.echo(2, "Grüße").await), "Grüße");

    let mut asking = session.start(3, "ask", json!({})).await;
    let question = asking.next().await.unwrap();
    assert_eq!(question["method"], "elicitation/create");
    let result = json!({"action": "accept", "content": {"name": "Ada"}});
    session.tell(&json!({"jsonrpc": "2.0", "id": question["id"], "result": result})).await;
    let answer = asking.response().await;
    assert!(text(&answer).contains("Ada"), "{answer}");

    let mut counting = session.start(4, "count", json!({"steps": 3, "delay_ms": 10})).await;
    let mut steps = Vec::new();
    let last = loop {
        let message = counting.next().await.unwrap();
        if message["method"] == "notifications/progress" {
            assert_eq!(message["params"]["progressToken"], 4);
            steps.push(message["params"]["progress"].as_f64().unwrap());
        } else if message.get("result").is_some() {
            break message;
        }
    };
    assert_eq!((steps.as_slice(), &last["id"]), ([1.0, 2.0, 3.0].as_slice(), &json!(4)));

    let mut pair = Pair::open(&Http::new(), &proxy.sse, json!({})).await;
    pair.start(1, "add", json!({"a": 40, "b": 2})).await;
    assert_eq!(pair.next().await["result"]["structuredContent"]["sum"], 42);
    proxy.stop();
}

#[tokio::test]
async fn without_a_command() {
    whole_session(Proxy::start(&NONE, &NONE)).await;
}

#[tokio::test]
async fn as_a_dedicated_child_by_name() {
    let program = program().into_os_string();
    let program = program.to_str().unwrap();
    whole_session(Proxy::start(&["--session", "dedicated"], &[program, "demo-server"])).await;
}

#[tokio::test]
async fn the_ready_line_names_both_urls() {
    let mut proxy = Proxy::start(&NONE, &[bin("echo-server")]);
    let said = proxy.said();
    let line = said.lines().find(|line| line.contains("is ready")).unwrap();
    assert!(line.contains(&proxy.mcp) && line.contains(&proxy.sse), "{line}");
    let port: u16 = proxy.mcp.strip_prefix("http://127.0.0.1:").unwrap().strip_suffix("/mcp").unwrap().parse().unwrap();
    assert_ne!(port, 0);
    proxy.stop();
}
