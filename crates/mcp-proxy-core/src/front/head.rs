//! What is known of a request before its body is read.

use std::{ops::Deref, sync::Arc};

use http::{Uri, request::Parts};
use mcp_protocol::Revision;
use mcp_transport::{Caller, Principal};

use super::{Refused, doors::Door, refused, target::Target};
#[cfg(feature = "rest")]
use crate::server::Server;
use crate::{Dialect, rescue};

/// A request's head, and who sends it.
#[derive(Debug)]
pub(super) struct Head {
    pub(super) parts: Parts,
    pub(super) principal: Principal,
    /// By what the sender has come in.
    pub(super) door: Arc<Door>,
}

impl Deref for Head {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Head {
    /// The sender as a caller of `target`, with what it may hand on to a process there.
    pub(super) fn caller(&self, target: &Target, revision: Revision) -> Result<Caller, Refused> {
        Ok(Caller { variables: target.variables(self)?, ..Caller::new(self.principal.clone(), revision) })
    }

    /// The headers that `server` is to get.
    #[cfg(feature = "rest")]
    pub(super) fn forwarded(&self, server: &Server) -> http::HeaderMap {
        let names = server.options().forward_headers.iter();
        names.filter_map(|name| Some((name.clone(), self.headers.get(name)?.clone()))).collect()
    }

    /// What the client speaks on the paths of HTTP+SSE.
    pub(super) fn dialect(&self, target: &Target) -> Result<Dialect, Refused> {
        match self.dialect_parameter() {
            Some("prompty") => Ok(Dialect::Prompty),
            Some("standard") => Ok(Dialect::Standard),
            Some(_) => Err(refused(&rescue::unknown_dialect(), None)),
            None => Ok(target.dialect()),
        }
    }

    /// Whether the URL says what the client speaks.
    pub(super) fn asks_for_dialect(&self) -> bool {
        self.dialect_parameter().is_some()
    }

    fn dialect_parameter(&self) -> Option<&str> {
        parameter(self.uri.query()?, &["dialect"])
    }

    /// The session that the URL names.
    pub(super) fn session_parameter(&self) -> Option<&str> {
        session_parameter(&self.uri)
    }
}

/// The session that a URL names; some clients write the parameter as one word.
pub(super) fn session_parameter(uri: &Uri) -> Option<&str> {
    parameter(uri.query()?, &["session_id", "sessionId"])
}

fn parameter<'a>(query: &'a str, names: &[&str]) -> Option<&'a str> {
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(name, _)| names.contains(name)).map(|(_, value)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_found_among_others() {
        let session = ["session_id", "sessionId"];
        for (query, id) in
            [("session_id=a", Some("a")), ("x=1&sessionId=b&y", Some("b")), ("", None), ("session=a", None)]
        {
            assert_eq!(parameter(query, &session), id, "{query}");
        }
    }
}
