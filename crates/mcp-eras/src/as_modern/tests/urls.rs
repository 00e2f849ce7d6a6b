//! Servers that want a URL to be visited first.

use super::*;

#[tokio::test(start_paused = true)]
async fn the_url_is_asked_for_and_the_call_is_made_again() {
    let lab = Lab::new();
    let ask = Ask::tool("visit");
    let first = lab.answer(&ask).await;
    assert_eq!(asked(&first), [("u1".into(), method::ELICITATION_CREATE.into())]);
    let params = first.value(&["result", "inputRequests", "u1", "params"]);
    assert_eq!(params, Some(r#"{"mode":"url","url":"https://a.example/","message":"go"}"#));
    refused(&lab.answer(&ask.again(&first, "{}").by("bob")).await, code::INVALID_PARAMS);
    let last = lab.answer(&ask.again(&first, r#"{"u1":{"action":"accept"}}"#)).await;
    assert_eq!(last.value(&["result", "resultType"]), Some("\"complete\""));
    let heard = lab.heard().await;
    let calls: Vec<_> = heard.iter().filter(|line| line.starts_with(method::TOOLS_CALL)).collect();
    assert_eq!(calls, [&format!(r#"{} {{"name":"visit","arguments":{{}},"_meta":{{}}}}"#, method::TOOLS_CALL); 2]);
}

#[tokio::test(start_paused = true)]
async fn a_client_that_visits_no_urls_is_told_what_it_lacks() {
    let lab = Lab::new();
    let answer = lab.answer(&Ask::tool("visit").able(r#"{"elicitation":{}}"#)).await;
    refused(&answer, code::MISSING_CLIENT_CAPABILITY);
    let data = r#"{"requiredCapabilities":{"elicitation":{"url":{}}}}"#;
    assert_eq!(answer.value(&["error", "data"]), Some(data));
}

#[tokio::test(start_paused = true)]
async fn a_server_that_names_no_url_has_failed() {
    let lab = Lab::new();
    refused(&lab.answer(&Ask::tool("nowhere")).await, code::INTERNAL_ERROR);
}
