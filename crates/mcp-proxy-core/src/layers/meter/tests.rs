use mcp_jsonrpc::{Id, Message, quote};
use mcp_protocol::Revision;
use mcp_transport::Caller;

use super::*;

fn request(method: &str, params: &str) -> Request {
    let message = Message::request(&Id::from(1), method, Some(params));
    Request::new(message, Caller::proxy(Revision::LATEST_LEGACY)).unwrap()
}

fn tool(name: &str) -> Request {
    request(method::TOOLS_CALL, &format!(r#"{{"arguments":{{"name":"x"}},"name":{}}}"#, quote(name)))
}

/// Method and tool of everything there is, and how many calls went well.
fn all(meter: &Meter) -> Vec<(String, String, u64)> {
    let mut all = Vec::new();
    let visited: Result<(), ()> = meter.visit(|method, tool, series| {
        all.push((method.to_owned(), tool.to_owned(), series.count(Outcome::Ok)));
        Ok(())
    });
    visited.unwrap();
    all
}

fn expected(all: &[(&str, &str, u64)]) -> Vec<(String, String, u64)> {
    all.iter().map(|(method, tool, count)| ((*method).to_owned(), (*tool).to_owned(), *count)).collect()
}

#[test]
fn known_methods_and_tools_are_counted_apart_and_the_rest_together() {
    let meter = Meter::default();
    for request in [
        request(method::TOOLS_LIST, "{}"),
        request(method::TOOLS_LIST, "{}"),
        request("vendor/one", "{}"),
        request("vendor/two", "{}"),
        tool("b"),
        tool("a \"\\"),
        tool("a \"\\"),
        tool(OTHER),
        request(method::TOOLS_CALL, "{}"),
        request(method::TOOLS_CALL, r#"{"name":7}"#),
    ] {
        meter.series(&request).note(Outcome::Ok, Instant::now(), Some(Duration::ZERO));
    }
    let rows = [
        ("tools/list", "", 2),
        ("other", "", 2),
        ("tools/call", "a \"\\", 2),
        ("tools/call", "b", 1),
        ("tools/call", "other", 3),
    ];
    assert_eq!(all(&meter), expected(&rows));
}

#[test]
fn tools_past_the_bound_are_counted_together() {
    let meter = Meter::default();
    for n in 0..MAX_TOOLS {
        meter.series(&tool(&format!("t{n}")));
    }
    assert_eq!(all(&meter).len(), MAX_TOOLS);
    meter.series(&tool("one more")).note(Outcome::Ok, Instant::now(), None);
    meter.series(&tool("and another")).note(Outcome::Ok, Instant::now(), None);
    meter.series(&tool("t7")).note(Outcome::Ok, Instant::now(), None);
    let all = all(&meter);
    assert_eq!(all.len(), MAX_TOOLS + 1);
    assert!(
        all.contains(&("tools/call".into(), OTHER.into(), 2)) && all.contains(&("tools/call".into(), "t7".into(), 1))
    );
}

#[test]
fn names_past_the_bound_are_counted_together() {
    let meter = Meter::default();
    let at_it = "x".repeat(MAX_NAME);
    meter.series(&tool(&at_it));
    meter.series(&tool(&"x".repeat(MAX_NAME + 1)));
    assert_eq!(all(&meter), expected(&[("tools/call", &at_it, 0), ("tools/call", OTHER, 0)]));
}
