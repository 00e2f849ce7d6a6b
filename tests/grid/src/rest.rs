//! What is tried with `mcp-rest`: plain HTTP in front of each server.

use serde_json::json;

use crate::Json;
use crate::http;
use crate::place::Place;
use crate::revision::{Revision, Wire};
use crate::server::{NAMES, PROMPTS, RESOURCES};

type Try = fn(&mut Place) -> Result<(), String>;

/// All of them, by the names that they have elsewhere.
pub(crate) const ALL: &[(&str, Try)] = &[
    ("list", list),
    ("paginate", paginate),
    ("read a resource", read),
    ("get a prompt", prompt),
    ("complete", complete),
    ("call", call),
    ("structured output", structured),
    ("a tool's error", failing_tool),
    ("unknown tool", unknown_tool),
    ("unknown resource", unknown_resource),
    ("big payload", big),
    ("progress", progress),
    ("sampling", |place| refused(place, "sample")),
    ("elicitation, form", |place| asks_since(place, "form", Revision::Jun25)),
    ("elicitation, URL", |place| asks_since(place, "url", Revision::Nov25)),
    ("sampling with tools", |place| refused(place, "sample_tools")),
    ("roots", |place| refused(place, "roots")),
    ("rounds of input", |place| answers_all(place, "rounds")),
    ("two inputs at once", |place| answers_all(place, "both")),
    ("cancel", cancel),
    ("server forgets the session", forgotten),
    ("reconnect", reconnect),
];

fn ask(
    place: &Place,
    method: &str,
    path: &str,
    body: Option<&Json>,
    headers: &[(&str, &str)],
) -> Result<(u16, Json), String> {
    let url = format!("{}/api/mcp/grid{path}", place.base);
    let body = body.map(Json::to_string);
    http::exchange(&url, method, headers, body.as_deref()).map_err(|error| error.to_string())
}

fn execute(place: &Place, tool: &str, arguments: &Json) -> Result<(u16, Json), String> {
    ask(place, "POST", &format!("/tools/{tool}/execute"), Some(arguments), &[])
}

fn holds(is_so: bool, got: &(u16, Json)) -> Result<(), String> {
    let text: String = got.1.to_string().chars().take(300).collect();
    if is_so { Ok(()) } else { Err(format!("{} {text}", got.0)) }
}

/// All items of a list, page by page.
fn all(place: &Place, path: &str, key: &str) -> Result<Vec<Json>, String> {
    let mut all = Vec::new();
    let mut cursor = String::new();
    for _ in 0..30 {
        let mut got = ask(place, "GET", &format!("{path}{cursor}"), None, &[])?;
        holds(got.0 == 200 && got.1[key].is_array(), &got)?;
        all.append(got.1[key].as_array_mut().expect("it is one"));
        let Some(next) = got.1["nextCursor"].as_str() else { return Ok(all) };
        cursor = format!("?cursor={}", next.replace(' ', "%20"));
    }
    Err("the list has no end".into())
}

fn list(place: &mut Place) -> Result<(), String> {
    let tools = all(place, "/tools", "tools")?;
    let (templates, prompts) =
        (all(place, "/resources/templates", "resourceTemplates")?, all(place, "/prompts", "prompts")?);
    let counts = (tools.len(), templates.len(), prompts.len());
    if counts == (NAMES.len(), 1, PROMPTS) { Ok(()) } else { Err(format!("{counts:?}")) }
}

fn paginate(place: &mut Place) -> Result<(), String> {
    let found = all(place, "/resources", "resources")?.len();
    if found == RESOURCES { Ok(()) } else { Err(format!("{found} resources")) }
}

fn read(place: &mut Place) -> Result<(), String> {
    let got = ask(place, "GET", "/resources/read?uri=grid://items/1", None, &[])?;
    holds(got.1["contents"][0]["text"] == "an item", &got)
}

fn prompt(place: &mut Place) -> Result<(), String> {
    let got = ask(place, "POST", "/prompts/prompt-0", Some(&json!({"topic": "cats"})), &[])?;
    holds(got.1["messages"][0]["content"]["text"] == "prompt-0 on cats", &got)
}

fn complete(place: &mut Place) -> Result<(), String> {
    let reference = json!({"type": "ref/prompt", "name": "prompt-0"});
    let params = json!({"ref": reference, "argument": {"name": "topic", "value": "c"}});
    let got = ask(place, "POST", "/complete", Some(&params), &[])?;
    holds(got.1["completion"]["values"] == json!(["ca", "cb"]), &got)
}

fn call(place: &mut Place) -> Result<(), String> {
    let got = execute(place, "echo", &json!({"text": "é"}))?;
    holds(got.0 == 200 && got.1["content"][0]["text"] == "é", &got)
}

fn structured(place: &mut Place) -> Result<(), String> {
    let got = execute(place, "structured", &json!({}))?;
    let is_new = place.server.revision >= Revision::Jun25;
    let exact = &got.1["structuredContent"]["exact"];
    holds(got.0 == 200 && (!is_new || exact == &json!(9_007_199_254_740_993_u64)), &got)
}

fn failing_tool(place: &mut Place) -> Result<(), String> {
    let got = execute(place, "fail", &json!({}))?;
    holds(got.0 == 200 && got.1["isError"] == true, &got)
}

fn unknown_tool(place: &mut Place) -> Result<(), String> {
    let got = execute(place, "no_such_tool", &json!({}))?;
    holds(got.0 == 404, &got)
}

fn unknown_resource(place: &mut Place) -> Result<(), String> {
    let got = ask(place, "GET", "/resources/read?uri=grid://items/none", None, &[])?;
    holds(got.0 == 404, &got)
}

fn big(place: &mut Place) -> Result<(), String> {
    let text = "x".repeat(1 << 20);
    let got = execute(place, "big", &json!({"text": text}))?;
    holds(got.1["content"][0]["text"].as_str().is_some_and(|said| said.len() == text.len() * 2), &got)
}

fn progress(place: &mut Place) -> Result<(), String> {
    let got = ask(place, "POST", "/tools/progress/execute?notifications=true", Some(&json!({})), &[])?;
    let notes = got.1["notifications"].as_array().map_or(0, Vec::len);
    holds(notes == 3, &got)
}

fn cancel(place: &mut Place) -> Result<(), String> {
    let url = format!("{}/api/mcp/grid/tools/hang/execute", place.base);
    let stream = http::send(&url, "POST", &[], Some("{}")).map_err(|error| error.to_string())?;
    place.until("the call", |entry| entry["note"] == "hangs")?;
    drop(stream);
    place.until("the end of the call", |entry| entry["note"] == "cancelled")
}

/// The tool asks for what no caller of REST has: nobody is asked, and an empty list of roots is given at most.
fn refused(place: &Place, tool: &str) -> Result<(), String> {
    let got = execute(place, tool, &json!({}))?;
    let is_empty = tool == "roots" && got.1.to_string().contains("[]");
    holds(got.0 >= 400 && got.0 != 409 || got.1["isError"] == true || is_empty, &got)
}

/// The tool asks, and has the answer in the end.
fn asks(place: &Place, tool: &str) -> Result<(), String> {
    let got = execute(place, tool, &json!({}))?;
    let (got, _) = answered(place, &got)?;
    holds(got.0 == 200 && got.1["isError"] != true, &got)
}

/// The tool asks for two forms, and has both answers in the end.
fn answers_all(place: &Place, tool: &str) -> Result<(), String> {
    let mut got = execute(place, tool, &json!({"of": "forms"}))?;
    if place.server.revision < Revision::Jun25 {
        return holds(got.0 >= 400 && got.0 != 409 || got.1["isError"] == true, &got);
    }
    let mut answered_all = 0;
    while got.0 == 409 && answered_all < 2 {
        let answers;
        (got, answers) = answered(place, &got)?;
        answered_all += answers;
    }
    let text = got.1["content"][0]["text"].as_str().unwrap_or_default();
    holds(got.0 == 200 && answered_all == 2 && text.matches("Ann").count() == 2, &got)
}

/// Answers all that is asked; gives what comes then, and how many answers there were.
fn answered(place: &Place, got: &(u16, Json)) -> Result<((u16, Json), usize), String> {
    holds(got.0 == 409 && got.1["token"].is_string(), got)?;
    let questions = got.1["requests"].as_object().into_iter().flatten();
    let answers = questions.filter_map(|(key, question)| {
        Some((key.clone(), crate::client::answer(question["method"].as_str()?, &question["params"])?))
    });
    let answers: serde_json::Map<_, _> = answers.collect();
    let count = answers.len();
    let body = json!({"token": got.1["token"], "answers": answers});
    Ok((ask(place, "POST", "/input", Some(&body), &[])?, count))
}

fn asks_since(place: &Place, tool: &str, since: Revision) -> Result<(), String> {
    if place.server.revision >= since {
        return asks(place, tool);
    }
    refused(place, tool)
}

fn forgotten(place: &mut Place) -> Result<(), String> {
    execute(place, "forget", &json!({}))?;
    if place.server.wire == Wire::Pair {
        // The session is the connection, and a call that breaks off with it is not made twice.
        return comes_back(place);
    }
    call(place)
}

fn reconnect(place: &mut Place) -> Result<(), String> {
    let _ = execute(place, "die", &json!({}));
    comes_back(place)
}

fn comes_back(place: &mut Place) -> Result<(), String> {
    let mut last = Ok(());
    for _ in 0..20 {
        last = call(place);
        if last.is_ok() {
            return Ok(());
        }
        let (_keep, never) = std::sync::mpsc::channel::<()>();
        let _ = never.recv_timeout(std::time::Duration::from_millis(200));
    }
    last
}
