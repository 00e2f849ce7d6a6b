//! One route: what router, description and security check have in common.

use std::{pin::Pin, sync::Arc};

use http::Method;
use percent_encoding::percent_decode_str;

use crate::{answer::Answer, ask::Ask, state::State};

/// Where the interface is.
pub(crate) const BASE: &str = "/api/v1";

/// A thing that can be done.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Route {
    pub(crate) verb: Verb,
    /// Below [`BASE`]; `{name}` stands for one segment.
    pub(crate) path: &'static str,
    pub(crate) needs: Needs,
    /// What it is called in the description and in the audit.
    pub(crate) id: &'static str,
    /// One sentence.
    pub(crate) summary: &'static str,
    /// The schema of its body.
    pub(crate) body: Option<&'static str>,
    /// Parameters of the query.
    pub(crate) query: &'static [&'static str],
    /// The schema of its answer, or what it is if not JSON.
    pub(crate) gives: Gives,
    pub(crate) handler: Handler,
}

/// Answers a request.
pub(crate) type Handler = fn(Arc<State>, Ask) -> Pin<Box<dyn Future<Output = Answer> + Send>>;

/// The methods there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verb {
    Get,
    Post,
    Put,
    Delete,
}

/// What a request must bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Needs {
    /// Nothing.
    Public,
    /// A login.
    Read,
    /// A login, our own page as its origin, and the token against forged requests.
    Write,
    /// A login and our own page as its origin: a browser lets no page add a header to a WebSocket.
    Socket,
}

/// What comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Gives {
    /// JSON of this schema.
    Json(&'static str),
    /// An event stream; the text names its events.
    Events(&'static str),
    /// No body.
    Nothing,
    /// A WebSocket.
    Socket,
}

impl Verb {
    pub(crate) fn method(self) -> Method {
        match self {
            Self::Get => Method::GET,
            Self::Post => Method::POST,
            Self::Put => Method::PUT,
            Self::Delete => Method::DELETE,
        }
    }
}

impl Route {
    /// Something to read.
    pub(crate) const fn get(path: &'static str, id: &'static str, summary: &'static str, handler: Handler) -> Self {
        let (verb, needs) = (Verb::Get, Needs::Read);
        Self { verb, path, needs, id, summary, body: None, query: &[], gives: Gives::Json("Any"), handler }
    }

    /// Something to do.
    pub(crate) const fn post(path: &'static str, id: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { verb: Verb::Post, needs: Needs::Write, ..Self::get(path, id, summary, handler) }
    }

    /// Something to set.
    pub(crate) const fn put(path: &'static str, id: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { verb: Verb::Put, needs: Needs::Write, ..Self::get(path, id, summary, handler) }
    }

    /// Something to take away.
    pub(crate) const fn delete(path: &'static str, id: &'static str, summary: &'static str, handler: Handler) -> Self {
        Self { verb: Verb::Delete, needs: Needs::Write, ..Self::get(path, id, summary, handler) }
    }

    /// The same for everyone.
    pub(crate) const fn public(self) -> Self {
        Self { needs: Needs::Public, ..self }
    }

    /// The same as a WebSocket.
    pub(crate) const fn socket(self) -> Self {
        Self { needs: Needs::Socket, gives: Gives::Socket, ..self }
    }

    /// It takes a body of this schema.
    pub(crate) const fn takes(self, schema: &'static str) -> Self {
        Self { body: Some(schema), ..self }
    }

    /// It looks at these parameters of the query.
    pub(crate) const fn asks(self, query: &'static [&'static str]) -> Self {
        Self { query, ..self }
    }

    /// It gives JSON of this schema.
    pub(crate) const fn gives(self, schema: &'static str) -> Self {
        Self { gives: Gives::Json(schema), ..self }
    }

    /// It gives these events.
    pub(crate) const fn events(self, names: &'static str) -> Self {
        Self { gives: Gives::Events(names), ..self }
    }

    /// It gives nothing.
    pub(crate) const fn nothing(self) -> Self {
        Self { gives: Gives::Nothing, ..self }
    }

    /// What stands in the route's places, if the path is one of it.
    pub(crate) fn matched(&self, segments: &[&str]) -> Option<Vec<(&'static str, String)>> {
        let pattern = self.path.split('/').skip(1);
        if pattern.clone().count() != segments.len() {
            return None;
        }
        let mut params = Vec::new();
        for (pattern, segment) in pattern.zip(segments) {
            match pattern.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
                Some(_) if segment.is_empty() => return None,
                Some(name) => params.push((name, percent_decode_str(segment).decode_utf8().ok()?.into_owned())),
                None if pattern == *segment => {}
                None => return None,
            }
        }
        Some(params)
    }
}
