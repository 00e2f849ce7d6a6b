use std::collections::HashMap;

use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::code;

const META: &str = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}"#;
const SERVED: [Revision; 1] = [Revision::V2026_07_28];

fn request(method: &str, params: &str) -> Message {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{{params}}}}}"#);
    Message::parse(Bytes::from(text)).unwrap()
}

fn call(name: &str) -> Message {
    request("tools/call", &format!(r#""name":"{name}",{META}"#))
}

#[track_caller]
fn check(message: &Message, headers: &[(&str, &str)], expect: Result<(), (i64, &str)>) {
    let outcome = super::check(message, Claim::read(message), &SERVED, |name| {
        headers.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.as_bytes()).collect()
    });
    let told = outcome.map(drop).map_err(|error| (error.code(), error.to_string()));
    match (told, expect) {
        (Ok(()), Ok(())) => {}
        (Err((code, text)), Err((expected, part))) if code == expected && text.contains(part) => {}
        (told, expect) => panic!("{told:?} instead of {expect:?}"),
    }
}

const VERSION: (&str, &str) = (header::PROTOCOL_VERSION, "2026-07-28");
const METHOD: (&str, &str) = (header::METHOD, "tools/call");

#[test]
fn headers_that_agree_pass_encoded_or_not() {
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "add")], Ok(()));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, " add\t")], Ok(()));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "=?base64?YWRk?=")], Ok(()));
    check(&call("世界"), &[VERSION, METHOD, (header::NAME, "=?base64?5LiW55WM?=")], Ok(()));
    check(&call("a\\u0064d"), &[VERSION, METHOD, (header::NAME, "add")], Ok(()));
    let list = request("tools/list", META);
    check(&list, &[VERSION, (header::METHOD, "tools/list")], Ok(()));
}

#[test]
fn every_disagreement_is_a_header_mismatch() {
    let wrong = |part| Err((code::HEADER_MISMATCH, part));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "sub")], wrong("`mcp-name` says"));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "Add")], wrong("`mcp-name` says"));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "=?base64?YWRk=?=")], wrong("`mcp-name` has a value"));
    check(&call("add"), &[VERSION, (header::METHOD, "tools/list")], wrong("`mcp-method` says"));
    check(&call("add"), &[VERSION, (header::METHOD, "TOOLS/CALL")], wrong("`mcp-method` says"));
    check(&call("add"), &[(header::PROTOCOL_VERSION, "2025-11-25")], wrong("`mcp-protocol-version` says"));
    check(&call("add"), &[VERSION, VERSION, METHOD], wrong("`mcp-protocol-version` stands more than once"));
    check(&call("add"), &[VERSION, METHOD, (header::NAME, "add"), (header::NAME, "add")], wrong("`mcp-name` stands"));
    let twice = request("tools/call", &format!(r#""name":"add","name":"sub",{META}"#));
    check(&twice, &[VERSION, METHOD, (header::NAME, "add")], wrong("`mcp-name` says"));
    let nameless = request("tools/call", META);
    check(&nameless, &[VERSION, METHOD, (header::NAME, "add")], wrong("`mcp-name` says"));
}

#[test]
fn required_headers_are_asked_for_in_order() {
    let missing = |part| Err((code::HEADER_MISMATCH, part));
    check(&call("add"), &[], missing("`mcp-protocol-version` is missing"));
    check(&call("add"), &[METHOD, (header::NAME, "add")], missing("`mcp-protocol-version` is missing"));
    check(&call("add"), &[VERSION], missing("`mcp-method` is missing"));
    check(&call("add"), &[VERSION, METHOD], missing("`mcp-name` is missing"));
    let get = request("tasks/get", &format!(r#""taskId":"t",{META}"#));
    check(&get, &[VERSION, (header::METHOD, "tasks/get")], missing("`mcp-name` is missing"));
    // The server shall say that the parameters are wrong.
    check(&request("tools/call", META), &[VERSION, METHOD], Ok(()));
}

#[test]
fn an_incomplete_envelope_comes_before_every_header() {
    let version = r#""io.modelcontextprotocol/protocolVersion":"2026-07-28""#;
    let lacks = |part| Err((code::INVALID_PARAMS, part));
    let no_capabilities = request("tools/list", &format!(r#""_meta":{{{version}}}"#));
    check(&no_capabilities, &[METHOD], lacks("lacks `io.modelcontextprotocol/clientCapabilities`"));
    let both = "lacks `io.modelcontextprotocol/protocolVersion` and `io.modelcontextprotocol/clientCapabilities`";
    check(&request("tools/list", ""), &[VERSION], lacks(both));
    let only = request("tools/list", r#""_meta":{"io.modelcontextprotocol/clientCapabilities":{}}"#);
    check(&only, &[VERSION], lacks("lacks `io.modelcontextprotocol/protocolVersion`"));
}

#[test]
fn an_unknown_revision_is_told_the_known_ones() {
    let message = request("tools/list", &META.replace("2026-07-28", "2099-01-01"));
    // Even without headers; but a header that disagrees comes first.
    check(&message, &[], Err((code::UNSUPPORTED_VERSION, "not served")));
    check(&message, &[VERSION], Err((code::HEADER_MISMATCH, "`mcp-protocol-version` says")));
    let error = super::check(&message, Claim::read(&message), &SERVED, |_| HeaderField::Absent).unwrap_err();
    assert_eq!(error.data().unwrap(), r#"{"supported":["2026-07-28"],"requested":"2099-01-01"}"#);
}

#[test]
fn a_notification_needs_no_headers_but_may_not_be_contradicted() {
    let text = format!(r#"{{"jsonrpc":"2.0","method":"notifications/x","params":{{{META}}}}}"#);
    let notification = Message::parse(Bytes::from(text)).unwrap();
    check(&notification, &[], Ok(()));
    check(&notification, &[METHOD], Err((code::HEADER_MISMATCH, "`mcp-method` says")));
}

#[test]
fn headers_are_made_from_the_body() {
    let message = call("世界");
    let made: Vec<_> = MirrorHeaders::of(&message).unwrap().iter().map(|(n, v)| (n, v.to_owned())).collect();
    let expect = [VERSION, METHOD, (header::NAME, "=?base64?5LiW55WM?=")];
    assert_eq!(made, expect.map(|(name, value)| (name, value.to_owned())));
    let message = request("tools/list", "");
    assert_eq!(MirrorHeaders::of(&message).unwrap().iter().collect::<Vec<_>>(), [(header::METHOD, "tools/list")]);
}

#[test]
fn nothing_is_injected_into_headers() {
    assert_eq!(MirrorHeaders::of(&request("a\\r\\nb: c", META)), Err(Unmirrorable));
    assert_eq!(MirrorHeaders::of(&request(" a", META)), Err(Unmirrorable));
    let message = request("tools/list", &META.replace("2026-07-28", "2026\\n"));
    assert_eq!(MirrorHeaders::of(&message), Err(Unmirrorable));
}

proptest! {
    #[test]
    fn what_is_made_passes_the_check(name in any::<String>()) {
        let message = request("tools/call", &format!(r#""name":{},{META}"#, mcp_jsonrpc::quote(&name)));
        let headers = MirrorHeaders::of(&message).unwrap();
        let headers: HashMap<_, _> = headers.iter().collect();
        let checked = super::check(&message, Claim::read(&message), &SERVED, |name| {
            headers.get(name).map(|value| value.as_bytes()).into_iter().collect()
        });
        prop_assert!(checked.is_ok(), "{:?}", checked);
    }
}
