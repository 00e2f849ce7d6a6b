//! How a client is told what comes of its request.

use std::{borrow::Cow, sync::Arc};

use mcp_jsonrpc::{Edit, Id, Message, quote};
use mcp_protocol::{
    CacheHints, ClientCapabilities, ClientCapability, EMPTY_ROOTS, InputRequest, InputRequired, LogLevel,
    ProgressParams, code, completed, level_of, meta, method, resource_uri, url_elicitations, without_elicitation_id,
};
use mcp_transport::Request;

use super::{id_of, seen::Seen};
use crate::{ParkedCall, Parking, Purpose, Question, Token};

/// Tells one client, in the words of the modern era, what comes of one request.
pub(super) struct Teller {
    request: Request,
    id: Id,
    level: Option<LogLevel>,
    able: ClientCapabilities,
    /// Whether the call was begun by another request, under other names.
    is_renamed: bool,
    server: Arc<str>,
    parking: Arc<Parking>,
    seen: Option<Arc<Seen>>,
}

impl Teller {
    pub(super) fn new(
        request: Request,
        level: Option<LogLevel>,
        server: Arc<str>,
        parking: Arc<Parking>,
        seen: Option<Arc<Seen>>,
    ) -> Self {
        let id = id_of(&request);
        let able = ClientCapabilities::read(request.caller().capabilities()).unwrap_or_default();
        Self { request, id, level, able, is_renamed: false, server, parking, seen }
    }

    /// For a call that was begun by another request.
    pub(super) fn renamed(self) -> Self {
        Self { is_renamed: true, ..self }
    }

    pub(super) fn into_message(self) -> Message {
        self.request.into_parts().0
    }

    /// What the client is to see of a notification, if anything.
    pub(super) fn note(&self, note: Message) -> Option<Message> {
        match note.method()? {
            method::PROGRESS if self.is_renamed => {
                let with = self.request.message().value(&meta::PROGRESS_TOKEN_PATH)?;
                let at = note.find(&ProgressParams::TOKEN_PATH).ok()??;
                Some(note.spliced(&[Edit { at, with }]))
            }
            method::PROGRESS => Some(note),
            method::MESSAGE => {
                let level = level_of(note.params().unwrap_or("{}")).ok()?;
                self.level.is_some_and(|wanted| wanted <= level).then_some(note)
            }
            // Changes are told where they were asked for.
            name if method::NOTIFICATIONS.contains(&name) => None,
            _ => Some(note),
        }
    }

    /// What of `questions` the client can be asked. Roots that it has not got are none. The rest a server must not need of a
    /// client that has not declared it (2026-07-28, capabilities): the error says so, and the call is over.
    pub(super) async fn may_ask(
        &self,
        call: &mut ParkedCall,
        questions: Vec<Question>,
    ) -> Result<Vec<Question>, Message> {
        let mut may = Vec::new();
        for question in questions {
            let needed = ClientCapability::needed_for(&question.method, Some(&question.params));
            match needed.filter(|needed| !self.able.has(*needed)) {
                None => may.push(question),
                Some(_) if &*question.method == method::ROOTS_LIST => {
                    // A server that is not reached any more says so when the call goes on.
                    let _ = call.answer(&question.key, EMPTY_ROOTS).await;
                }
                Some(missing) => {
                    let text = "the server needs something of the client that this one has not declared";
                    return Err(self.error(code::MISSING_CLIENT_CAPABILITY, text, Some(&missing.missing_data())));
                }
            }
        }
        Ok(may)
    }

    /// Sets the call aside; gives the result that asks the client.
    pub(super) fn park(&self, call: ParkedCall, questions: &[Question]) -> Message {
        let token = match self.parking.park(call, &self.purpose(), &self.request.caller().principal) {
            Ok(token) => token,
            Err(error) => return self.error(code::SERVER_ERROR, &error.to_string(), None),
        };
        let params: Vec<_> = questions.iter().map(|question| without_elicitation_id(&question.params)).collect();
        let requests = questions.iter().zip(&params).map(|(question, params)| InputRequest {
            key: Cow::Borrowed(&question.key),
            method: Cow::Borrowed(&question.method),
            params: Some(params),
        });
        self.input_required(requests.collect(), &token)
    }

    /// The response as the client is to see it.
    pub(super) fn response(&self, response: &Message) -> Message {
        let response = &response.clone().with_id(self.id.clone());
        match code::of(response) {
            None => {
                let cache = method::is_cacheable(self.request.method()).then_some(CacheHints::NONE);
                completed(response, cache, self.seen.as_ref().and_then(|seen| seen.info()))
            }
            Some(code::RESOURCE_NOT_FOUND) => self.not_found(response),
            Some(code::URL_ELICITATION_REQUIRED) => self.visit(response),
            Some(_) => response.clone(),
        }
    }

    /// In the modern era the params are wrong if there is no such resource, and the error says which.
    fn not_found(&self, response: &Message) -> Message {
        let renumbered = renumbered(response, code::INVALID_PARAMS);
        let uri = resource_uri(self.request.message().params().unwrap_or("{}")).ok();
        let (Some(uri), Ok(Some(error))) = (uri, renumbered.find(&["error"])) else { return renumbered };
        if renumbered.value(&["error", "data", "uri"]).is_some() {
            return renumbered;
        }
        let uri = format!(r#""uri":{}"#, quote(&uri));
        match renumbered.find(&["error", "data"]) {
            Ok(None) => {
                let end = error.end - 1;
                renumbered.spliced(&[Edit { at: end..end, with: &format!(r#","data":{{{uri}}}"#) }])
            }
            Ok(Some(data)) => match renumbered.value(&["error", "data"]) {
                Some(old) if old.starts_with('{') => {
                    let comma = if old[1..].trim_start() == "}" { "" } else { "," };
                    let start = data.start + 1;
                    renumbered.spliced(&[Edit { at: start..start, with: &format!("{uri}{comma}") }])
                }
                Some("null") => renumbered.spliced(&[Edit { at: data, with: &format!("{{{uri}}}") }]),
                _ => renumbered,
            },
            Err(_) => renumbered,
        }
    }

    /// The user has to visit a URL before the request can be made again: in the modern era that is a question.
    fn visit(&self, response: &Message) -> Message {
        let needed = ClientCapability::ElicitationUrl;
        if !self.able.has(needed) {
            let text = "the server wants the user to visit a URL, which this client does not offer";
            return self.error(code::MISSING_CLIENT_CAPABILITY, text, Some(&needed.missing_data()));
        }
        let asked = url_elicitations(response.error().unwrap_or("{}"));
        let (Ok(asked), true) = (asked, method::may_interact(self.request.method())) else {
            return renumbered(response, code::INTERNAL_ERROR);
        };
        let token = match self.parking.wrap(None, &self.purpose(), &self.request.caller().principal) {
            Ok(token) => token,
            Err(error) => return self.error(code::SERVER_ERROR, &error.to_string(), None),
        };
        let requests = asked.iter().enumerate().map(|(n, params)| InputRequest {
            key: format!("u{}", n + 1).into(),
            method: method::ELICITATION_CREATE.into(),
            params: Some(params),
        });
        self.input_required(requests.collect(), &token)
    }

    fn input_required(&self, requests: Vec<InputRequest<'_>>, token: &Token) -> Message {
        let result = InputRequired { requests, state: Some(&quote(token.expose())) }.write();
        Message::response(&self.id, &result)
    }

    /// What a token for this request is good for. Digested only when something is asked, for arguments may be long.
    fn purpose(&self) -> Purpose {
        Purpose::request(&self.server, self.request.method(), self.request.message().params())
    }

    fn error(&self, code: i64, text: &str, data: Option<&str>) -> Message {
        Message::error_response(Some(&self.id), code, text, data)
    }
}

/// The same error under another code.
fn renumbered(response: &Message, code: i64) -> Message {
    match response.find(&["error", "code"]) {
        Ok(Some(at)) => response.spliced(&[Edit { at, with: &code.to_string() }]),
        _ => response.clone(),
    }
}
