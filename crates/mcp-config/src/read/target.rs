//! Finds out how a server is reached.

use http::{HeaderMap, HeaderName, HeaderValue, header::AUTHORIZATION};
use jsonc_parser::{
    ast::{Object, ObjectProp},
    common::Ranged,
};
use mcp_proxy_core::{remote::ServerUrl, transport::Secret};

use super::{Reader, object::join};
use crate::{
    Target, Wire,
    jsonc::is_empty,
    key::{Draft, Part, SERVER},
    suggest::bare,
};

/// How a server is reached, before its details are read.
pub(super) enum Way {
    Stdio,
    Remote(Wire),
    /// The word in `type`.
    Custom(String),
}

const API_KEY: HeaderName = HeaderName::from_static("x-api-key");

impl Reader<'_> {
    /// What `type`, `command` and `url` say together; tells if that is nothing clear.
    pub(super) fn way(&mut self, entry: &Object<'_>, path: &str) -> Option<Way> {
        let word = entry.get_string("type").map(|word| &*word.value).filter(|word| !word.is_empty());
        let declared = match word.map(bare).as_deref() {
            None => None,
            Some("stdio") => Some(Way::Stdio),
            Some("http" | "streamablehttp") => Some(Way::Remote(Wire::Streamable)),
            Some("sse") => Some(Way::Remote(Wire::Sse)),
            Some(_) => return word.map(|word| Way::Custom(word.to_owned())),
        };
        let why = match (given(entry, "command"), given(entry, "url"), declared) {
            (Some(_), Some(_), _) => "has a `command` and a `url`; keep the one by which it is reached",
            (Some(_), None, None | Some(Way::Stdio)) => return Some(Way::Stdio),
            (None, Some(_), None) => return Some(Way::Remote(Wire::Detect)),
            (None, None, None) => "needs a `command` to start it, or a `url` to reach it",
            (None, _, Some(Way::Stdio)) => "is of type `stdio` and needs a `command`",
            (None, Some(_), declared) => return declared,
            (_, None, Some(_)) => "is reached by HTTP, as its `type` says, and needs a `url`",
        };
        self.error(entry.start(), path, why);
        None
    }

    /// Puts the target together.
    pub(super) fn target(&mut self, way: Way, entry: &Object<'_>, path: &str, draft: &mut Draft) -> Option<Target> {
        match way {
            Way::Stdio => {
                let env = draft.env.take().unwrap_or_default();
                for name in env.keys().filter(|name| name.is_empty() || name.contains(['=', '\0'])) {
                    self.error(inside(entry, "env", name), &join(&join(path, "env"), name), "is no name of a variable");
                }
                let (args, cwd) = (draft.args.take().unwrap_or_default(), draft.cwd.take());
                Some(Target::Stdio { command: draft.command.take()?, args, env, cwd })
            }
            Way::Remote(wire) => {
                let headers = self.headers(entry, path, draft);
                let at = given(entry, "url").map_or(entry.start(), |property| property.value.start());
                let url = self.told(ServerUrl::parse(&draft.url.take()?), at, &join(path, "url"))?;
                // A URL is displayed without its query.
                let looks_like_sse = wire == Wire::Detect && url.to_string().ends_with("/sse");
                Some(Target::Remote { url, wire: if looks_like_sse { Wire::Sse } else { wire }, headers })
            }
            Way::Custom(kind) => {
                // What a hub makes of it is nothing that it would have to be started anew for.
                let is_its_own = |name: &str| SERVER.find(name).is_none_or(|key| key.part != Part::Hub);
                Some(Target::Custom { kind, options: self.json_object(entry, path, is_its_own).into() })
            }
        }
    }

    /// The headers for a remote server; `bearerToken` and `apiKey` are two of them.
    fn headers(&mut self, entry: &Object<'_>, path: &str, draft: &mut Draft) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in draft.headers.take().unwrap_or_default() {
            let (at, path) = (inside(entry, "headers", &name), join(&join(path, "headers"), &name));
            match name.parse() {
                Ok(name) => self.header(&mut headers, name, &value, at, &path),
                Err(_) => self.error(at, &path, "is no name of a header"),
            }
        }
        let (name, key, value) = match (draft.bearer_token.take(), draft.api_key.take()) {
            (Some(token), _) => (AUTHORIZATION, "bearerToken", Secret::new(format!("Bearer {}", token.expose()))),
            (None, Some(api_key)) => (API_KEY, "apiKey", api_key),
            (None, None) => return headers,
        };
        self.header(&mut headers, name, &value, inside(entry, key, ""), &join(path, key));
        headers
    }

    fn header(&mut self, headers: &mut HeaderMap, name: HeaderName, value: &Secret, at: usize, path: &str) {
        let Ok(mut value) = HeaderValue::from_str(value.expose()) else {
            return self.error(at, path, "must be visible ASCII, for it is the value of a header");
        };
        value.set_sensitive(true);
        match headers.try_insert(name, value) {
            Ok(None) => {}
            Ok(Some(_)) => self.error(at, path, "sets a header that is there already; keep one"),
            Err(_) => self.error(at, path, "is one header too many"),
        }
    }
}

/// The property of that key, or of a synonym, if it is not empty.
fn given<'o, 'a>(entry: &'o Object<'a>, key: &str) -> Option<&'o ObjectProp<'a>> {
    let key = SERVER.find(key)?;
    let mut named = entry.properties.iter().filter(|property| key.is_called(property.name.as_str()));
    named.find(|property| !is_empty(&property.value))
}

/// Where a value stands that is a property of a property, or else what is around it.
fn inside(entry: &Object<'_>, key: &str, name: &str) -> usize {
    let Some(outer) = entry.get(key) else { return entry.start() };
    let inner = outer.value.as_object().and_then(|object| object.get(name));
    inner.map_or(outer.value.start(), |property| property.value.start())
}
