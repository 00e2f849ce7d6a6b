//! The tools.

use std::{collections::HashMap, time::Duration};

use mcp_jsonrpc::{Id, Message, field, quote};
use mcp_protocol::{
    Claim, InputRequest, InputRequired, InputResponses, code, meta,
    method::{ELICITATION_CREATE, MESSAGE, PROGRESS, ROOTS_LIST, SAMPLING_CREATE_MESSAGE},
};
use mcp_testkit::Greeting;

use crate::clock::Clock;

pub(crate) const GREETING: Greeting = Greeting {
    name: "echo-server",
    capabilities: r#"{"logging":{},"tools":{"listChanged":true}}"#,
    tools: concat!(
        r#"[{"name":"echo","description":"Gives the text back.","inputSchema":{"type":"object","properties":{"#,
        r#""text":{"type":"string"},"bytes":{"type":"integer","minimum":0,"description":"Adds so many x."},"#,
        r#""delay":{"type":"integer","minimum":0,"description":"Answers after so many ms."},"#,
        r#""progress":{"type":"integer","minimum":0,"description":"Notifies so often before that."}}}},"#,
        r#"{"name":"ask","description":"Asks the user, and gives back what was answered.","inputSchema":{"type":"object"}},"#,
        r#"{"name":"sample","description":"Asks the client's model, and gives back what was answered.","#,
        r#""inputSchema":{"type":"object"}},"#,
        r#"{"name":"roots","description":"Asks for the roots, and gives back what was answered.","#,
        r#""inputSchema":{"type":"object"}},"#,
        r#"{"name":"log","description":"Logs the text, and then gives it back.","#,
        r#""inputSchema":{"type":"object","properties":{"text":{"type":"string"}}}}]"#,
    ),
};

/// What a tool asks the client: method and params.
const ASK: (&str, Option<&str>) = (
    ELICITATION_CREATE,
    Some(concat!(
        r#"{"mode":"form","message":"What is your name?","requestedSchema":{"type":"object","#,
        r#""properties":{"name":{"type":"string"}},"required":["name"]}}"#,
    )),
);
const SAMPLE: (&str, Option<&str>) = (
    SAMPLING_CREATE_MESSAGE,
    Some(r#"{"messages":[{"role":"user","content":{"type":"text","text":"Say hello."}}],"maxTokens":16}"#),
);
const ROOTS: (&str, Option<&str>) = (ROOTS_LIST, None);

/// The tools, and which calls wait for what.
#[derive(Debug, Default)]
pub(crate) struct Tools {
    clock: Option<Clock>,
    /// Our questions: which call each belongs to.
    asked: HashMap<Id, Id>,
    questions: u64,
}

impl Tools {
    /// Runs the tool that `request` calls.
    pub(crate) fn call(&mut self, request: &Message, out: &mut Vec<u8>) {
        let Some(id) = request.id() else { return };
        match request.value(&["params", "name"]) {
            Some(r#""echo""#) => self.echo(&id, request, out),
            Some(r#""ask""#) => self.ask(&id, request, ASK, out),
            Some(r#""sample""#) => self.ask(&id, request, SAMPLE, out),
            Some(r#""roots""#) => self.ask(&id, request, ROOTS, out),
            Some(r#""log""#) => log(&id, request, out),
            _ => write(&Message::error_response(Some(&id), code::INVALID_PARAMS, "there is no such tool", None), out),
        }
    }

    fn echo(&mut self, id: &Id, request: &Message, out: &mut Vec<u8>) {
        let arguments = request.value(&["params", "arguments"]).unwrap_or("{}");
        let number = |name: &str| argument(arguments, name).and_then(|raw| raw.parse::<u32>().ok()).unwrap_or_default();
        let (bytes, delay, progress) = (number("bytes"), number("delay"), number("progress"));
        let text = argument(arguments, "text").filter(|raw| raw.starts_with('"')).unwrap_or(r#""""#);
        let opened = &text[..text.len() - 1];
        let filling = "x".repeat(usize::try_from(bytes).unwrap_or(usize::MAX));
        let answer = answer(id, Claim::is_made_by(request), &format!("{opened}{filling}\""));

        let token = request.value(&meta::PROGRESS_TOKEN_PATH).filter(|_| progress > 0);
        let notes = token.map(|token| (1..=progress).map(move |step| (step, note(token, step, progress))));
        if delay == 0 {
            notes.into_iter().flatten().for_each(|(_, note)| write(&note, out));
            return out.extend_from_slice(&answer);
        }
        let clock = self.clock.get_or_insert_default();
        let delay = Duration::from_millis(delay.into());
        for (step, note) in notes.into_iter().flatten() {
            let mut line = Vec::new();
            write(&note, &mut line);
            clock.after(delay * step / (progress + 1), id, line);
        }
        clock.after(delay, id, answer);
    }

    /// Asks the client and answers the call with what it says: by a request of ours in the legacy era, by a result that the
    /// client comes back from in the modern one.
    fn ask(&mut self, id: &Id, request: &Message, question: (&str, Option<&str>), out: &mut Vec<u8>) {
        let (method, params) = question;
        if !Claim::is_made_by(request) {
            self.questions += 1;
            let ours = Id::from(self.questions);
            write(&Message::request(&ours, method, params), out);
            self.asked.insert(ours, id.clone());
            return;
        }
        let responses = InputResponses::read(request.params().unwrap_or("{}")).unwrap_or_default();
        if let Some((_, response)) = responses.responses.first() {
            return out.extend_from_slice(&answer(id, true, &quote(response)));
        }
        let requests = vec![InputRequest { key: "question".into(), method: method.into(), params }];
        let result = InputRequired { requests, state: Some(r#""waiting""#) }.write();
        write(&Message::response(id, &result), out);
    }

    /// The client has answered a question of ours.
    pub(crate) fn answered(&mut self, response: &Message, out: &mut Vec<u8>) {
        if let Some(call) = response.id().and_then(|ours| self.asked.remove(&ours)) {
            let said = response.result().or(response.error()).unwrap_or("null");
            out.extend_from_slice(&answer(&call, false, &quote(said)));
        }
    }

    /// The call is not waited for any more.
    pub(crate) fn cancel(&mut self, call: &Id) {
        self.asked.retain(|_, of| of != call);
        if let Some(clock) = &self.clock {
            clock.forget(call);
        }
    }
}

/// Appends the message as a line.
pub(crate) fn write(message: &Message, out: &mut Vec<u8>) {
    message.append_to(out);
    out.push(b'\n');
}

fn argument<'a>(arguments: &'a str, name: &str) -> Option<&'a str> {
    field::find(arguments, &[name]).ok().flatten().map(|place| &arguments[place])
}

/// The line that answers a call with this text (a JSON string).
fn answer(id: &Id, modern: bool, text: &str) -> Vec<u8> {
    let complete = if modern { r#""resultType":"complete","# } else { "" };
    let result = format!(r#"{{{complete}"content":[{{"type":"text","text":{text}}}]}}"#);
    let mut line = Vec::with_capacity(result.len() + 64);
    write(&Message::response(id, &result), &mut line);
    line
}

fn note(token: &str, step: u32, steps: u32) -> Message {
    let params = format!(r#"{{"progressToken":{token},"progress":{step},"total":{steps}}}"#);
    Message::notification(PROGRESS, Some(&params))
}

fn log(id: &Id, request: &Message, out: &mut Vec<u8>) {
    let modern = Claim::is_made_by(request);
    let text = request.value(&["params", "arguments", "text"]).unwrap_or(r#""""#);
    // A modern client hears of it only if it has asked for logs.
    if !modern || request.value(&["params", meta::META, meta::LOG_LEVEL]).is_some() {
        let params = format!(r#"{{"level":"info","logger":"echo-server","data":{text}}}"#);
        write(&Message::notification(MESSAGE, Some(&params)), out);
    }
    out.extend_from_slice(&answer(id, modern, text));
}
