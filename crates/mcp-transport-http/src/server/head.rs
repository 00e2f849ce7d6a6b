//! What the headers of a request say.

use http::{
    HeaderMap, HeaderName,
    header::{ACCEPT, CONTENT_TYPE},
};
use mcp_protocol::{HeaderField, header};

use super::{Accept, Refusal};

// Names that are made once are found without hashing their text anew.
static SESSION_ID: HeaderName = HeaderName::from_static(header::SESSION_ID);
static PROTOCOL_VERSION: HeaderName = HeaderName::from_static(header::PROTOCOL_VERSION);
static LAST_EVENT_ID: HeaderName = HeaderName::from_static(header::LAST_EVENT_ID);
static MIRRORED: [HeaderName; 2] = [HeaderName::from_static(header::METHOD), HeaderName::from_static(header::NAME)];

/// The headers of a request, read for what they mean; nothing is copied.
///
/// What is not asked for is not read, so that a header which means nothing in one era (a session id in the modern one)
/// cannot spoil a request there.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'a>(&'a HeaderMap);

impl<'a> RequestHead<'a> {
    /// Reads these headers.
    #[must_use]
    pub fn new(headers: &'a HeaderMap) -> Self {
        Self(headers)
    }

    /// What the client takes as an answer.
    #[must_use]
    pub fn accept(self) -> Accept {
        Accept::read(self.0.get_all(ACCEPT).iter().map(http::HeaderValue::as_bytes))
    }

    /// Whether the body is said, once and clearly, to be JSON. A page of another origin cannot say so without being asked
    /// for its origin first.
    #[must_use]
    pub fn is_json(self) -> bool {
        let values = self.0.get_all(CONTENT_TYPE).iter().map(http::HeaderValue::as_bytes);
        let HeaderField::Once(value) = values.collect() else { return false };
        let kind = value.split(|byte| *byte == b';').next().unwrap_or_default();
        kind.trim_ascii().eq_ignore_ascii_case(b"application/json")
    }

    /// The session of the legacy era.
    ///
    /// # Errors
    ///
    /// [`Refusal::Repeated`] if two headers differ, [`Refusal::Malformed`] if the value is no visible ASCII text.
    pub fn session(self) -> Result<Option<&'a str>, Refusal> {
        self.one(&SESSION_ID, header::SESSION_ID)
    }

    /// The revision, in the words of the client.
    ///
    /// # Errors
    ///
    /// As with [`session`](Self::session).
    pub fn version(self) -> Result<Option<&'a str>, Refusal> {
        self.one(&PROTOCOL_VERSION, header::PROTOCOL_VERSION)
    }

    /// The last event the client has seen of the stream that it resumes.
    ///
    /// # Errors
    ///
    /// As with [`session`](Self::session).
    pub fn last_event_id(self) -> Result<Option<&'a str>, Refusal> {
        self.one(&LAST_EVENT_ID, header::LAST_EVENT_ID)
    }

    /// What stands under `name`, for headers that repeat the body.
    #[must_use]
    pub fn field(self, name: &str) -> HeaderField<'a> {
        let known = MIRRORED.iter().chain([&PROTOCOL_VERSION]).find(|known| known.as_str() == name);
        let values = match known {
            Some(known) => self.0.get_all(known),
            None => self.0.get_all(name),
        };
        values.iter().map(http::HeaderValue::as_bytes).collect()
    }

    /// The one value of a header. The same value twice does no harm: nobody can read another one.
    fn one(self, header: &HeaderName, name: &'static str) -> Result<Option<&'a str>, Refusal> {
        let mut values = self.0.get_all(header).iter();
        let Some(value) = values.next() else { return Ok(None) };
        if values.any(|other| other != value) {
            return Err(Refusal::Repeated { name });
        }
        // All of them, without a way out: that makes one check of many bytes at once.
        let is_visible = value.as_bytes().iter().fold(true, |all, byte| all & byte.is_ascii_graphic());
        let text = std::str::from_utf8(value.as_bytes()).ok().filter(|_| is_visible);
        text.map(Some).ok_or(Refusal::Malformed { name })
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(all: &[(&'static str, &[u8])]) -> HeaderMap {
        all.iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_bytes(value).unwrap()))
            .collect()
    }

    #[test]
    fn a_header_has_one_value_or_is_refused() {
        let session = |values: &[&[u8]]| {
            let all: Vec<_> = values.iter().map(|value| (header::SESSION_ID, *value)).collect();
            RequestHead::new(&headers(&all)).session().map(|found| found.map(ToOwned::to_owned))
        };
        assert_eq!(session(&[]), Ok(None));
        assert_eq!(session(&[b"a~!"]), Ok(Some("a~!".to_owned())));
        assert_eq!(session(&[b"a", b"a"]), Ok(Some("a".to_owned())));
        assert_eq!(session(&[b"a", b"b"]), Err(Refusal::Repeated { name: header::SESSION_ID }));
        for bad in [&b"a b"[..], b"\xc3\xa4", b"a\tb"] {
            assert_eq!(session(&[bad]), Err(Refusal::Malformed { name: header::SESSION_ID }), "{bad:?}");
        }
        assert_eq!(session(&[b""]), Ok(Some(String::new())));
    }

    #[test]
    fn one_header_does_not_spoil_another() {
        let all = headers(&[
            (header::SESSION_ID, b"a"),
            (header::SESSION_ID, b"b"),
            (header::PROTOCOL_VERSION, b"2026-07-28"),
            (header::LAST_EVENT_ID, b"7"),
            (header::METHOD, b"x"),
        ]);
        let head = RequestHead::new(&all);
        assert_eq!(head.version(), Ok(Some("2026-07-28")));
        assert_eq!(head.last_event_id(), Ok(Some("7")));
        assert_eq!(head.field(header::METHOD), HeaderField::Once(b"x"));
        assert_eq!(head.field(header::NAME), HeaderField::Absent);
        assert_eq!(head.field(header::SESSION_ID), HeaderField::Repeated);
    }

    #[test]
    fn only_json_is_json() {
        let is_json = |values: &[&[u8]]| {
            let all: Vec<_> = values.iter().map(|value| ("content-type", *value)).collect();
            RequestHead::new(&headers(&all)).is_json()
        };
        for good in [&b"application/json"[..], b"Application/JSON ; charset=utf-8"] {
            assert!(is_json(&[good]));
        }
        for bad in
            [&b"text/plain"[..], b"", b"text/plain; application/json", b"application/json-rpc", b"application/jsonp"]
        {
            assert!(!is_json(&[bad]));
        }
        assert!(!is_json(&[]));
        assert!(!is_json(&[b"application/json", b"text/plain"]));
    }
}
