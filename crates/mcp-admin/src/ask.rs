//! A request, past all checks.

use std::{borrow::Cow, net::IpAddr};

use bytes::Bytes;
use http::{
    HeaderMap, StatusCode, Uri,
    header::{CONTENT_TYPE, IF_MATCH},
};
use hyper::upgrade::OnUpgrade;
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::{answer::Refusal, login::Session, site::Place};

/// What a handler is given.
#[derive(Debug)]
pub(crate) struct Ask {
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    /// Within the limit, and empty where the route takes none.
    pub(crate) body: Bytes,
    /// Who is logged in; there on every route but public ones.
    pub(crate) session: Option<Session>,
    pub(crate) peer: IpAddr,
    /// By which name we were reached.
    pub(crate) place: Place,
    /// What stands in the place of `{name}` in the route's path, decoded.
    pub(crate) params: Vec<(&'static str, String)>,
    /// Of a request that may become a WebSocket.
    pub(crate) upgrade: Option<OnUpgrade>,
}

impl Ask {
    /// What stands in the place of `{name}`; empty if the route has no such place.
    pub(crate) fn param(&self, name: &str) -> &str {
        self.params.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value)
    }

    /// The parameter `name` of the query, decoded.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        let pairs = self.uri.query()?.split('&').filter_map(|pair| pair.split_once('='));
        let (_, value) = pairs.into_iter().find(|(known, _)| *known == name)?;
        let spaced = value.replace('+', " ");
        Some(percent_decode_str(&spaced).decode_utf8_lossy().into_owned())
    }

    /// The body as text.
    ///
    /// # Errors
    ///
    /// Refused unless it is JSON by its header, and UTF-8.
    pub(crate) fn text(&self) -> Result<&str, Refusal> {
        let kind = self.headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        let kind = kind.split(';').next().unwrap_or_default().trim();
        if !kind.eq_ignore_ascii_case("application/json") {
            let error = "send the body with the header `Content-Type: application/json`";
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, error));
        }
        std::str::from_utf8(&self.body).map_err(|_| Refusal::bad("the body is not UTF-8"))
    }

    /// The body, read.
    ///
    /// # Errors
    ///
    /// Says what is wrong with it.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Refusal> {
        serde_json::from_str(self.text()?).map_err(|error| Refusal::bad(format!("the body cannot be used: {error}")))
    }

    /// The version that the writer has seen.
    pub(crate) fn if_match(&self) -> Option<Cow<'_, str>> {
        let value = self.headers.get(IF_MATCH)?.to_str().ok()?.trim();
        (value != "*").then(|| value.trim_start_matches("W/").trim_matches('"').into())
    }

    /// The name of who is logged in.
    pub(crate) fn who(&self) -> &str {
        self.session.as_ref().map_or("nobody", |session| session.who())
    }
}
