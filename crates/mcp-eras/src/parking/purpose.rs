//! What a token is good for.

use std::{collections::BTreeMap, fmt};

use aws_lc_rs::digest::{self, Context};
use mcp_protocol::meta;
use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// What a token is good for: a server, and the request that is made again if the token comes back with it.
///
/// It is a digest, so it tells nothing of the request.
#[derive(Clone, PartialEq, Eq)]
pub struct Purpose([u8; digest::SHA256_OUTPUT_LEN]);

/// What a client changes in the params of a request that it makes again (2026-07-28, multi round-trip requests): the
/// answers, the state, and the envelope with its progress token and trace.
const CHANGES: [&str; 3] = ["inputResponses", "requestState", meta::META];

impl Purpose {
    /// Answering `server`, for clients that send back the token and the answers alone.
    #[must_use]
    pub fn answer(server: &str) -> Self {
        Self::of(&["answer", server])
    }

    /// Making a request to `server` again, for clients that send it with the token; `params` is JSON text.
    ///
    /// What such a client changes makes no difference: `_meta` and the members that carry token and answers. Neither
    /// does the order of the others.
    #[must_use]
    pub fn request(server: &str, method: &str, params: Option<&str>) -> Self {
        let params = params.unwrap_or("{}");
        match serde_json::from_str(params) {
            Ok(Members(members)) => {
                let salient = members.iter().filter(|(name, _)| !CHANGES.contains(&name.as_str()));
                let salient = salient.flat_map(|(name, value)| [name.as_str(), value.get()]);
                Self::of(&["request", server, method].into_iter().chain(salient).collect::<Vec<_>>())
            }
            // Nothing is left out of what two readers may read in two ways.
            Err(_) => Self::of(&["text", server, method, params]),
        }
    }

    fn of(parts: &[&str]) -> Self {
        let mut context = Context::new(&digest::SHA256);
        for part in parts {
            // With its length, so that no part runs into the next.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut sum = [0; digest::SHA256_OUTPUT_LEN];
        sum.copy_from_slice(context.finish().as_ref());
        Self(sum)
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Purpose(…)")
    }
}

/// The members of an object by name; a name that stands twice is an error.
struct Members<'a>(BTreeMap<String, &'a RawValue>);

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_map(Collect)
    }
}

struct Collect;

impl<'de> Visitor<'de> for Collect {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members<'de>, A::Error> {
        let mut members = BTreeMap::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            if members.insert(name, value).is_some() {
                return Err(A::Error::custom("a name stands twice"));
            }
        }
        Ok(Members(members))
    }
}

#[cfg(test)]
mod tests {
    use mcp_protocol::method;

    use super::*;

    fn of(params: &str) -> Purpose {
        Purpose::request("s", method::TOOLS_CALL, Some(params))
    }

    #[test]
    fn a_request_made_again_is_the_same_request() {
        let first = of(r#"{"name":"t","arguments":{"a":1},"_meta":{"progressToken":1}}"#);
        let again =
            r#"{ "arguments":{"a":1}, "requestState":"x", "inputResponses":{"q1":{}}, "n\u0061me":"t", "_meta":{} }"#;
        assert_eq!(of(again), first);
        assert_eq!(of("{}"), Purpose::request("s", method::TOOLS_CALL, None));
    }

    #[test]
    fn whatever_differs_otherwise_is_another() {
        let params = r#"{"name":"t","arguments":{"a":1}}"#;
        let mut all = vec![
            of(params),
            of(r#"{"name":"u","arguments":{"a":1}}"#),
            of(r#"{"name":"t","arguments":{"a":2}}"#),
            of(r#"{"name":"t"}"#),
            of(r#"{"name":"t","arguments":{"a":1},"x":null}"#),
            of(r#"{"name":"t","arguments":{"a":1,"requestState":1}}"#),
            of(r#"{"name":"u","name":"t","arguments":{"a":1}}"#),
            of(r#"["name"]"#),
            Purpose::request("s", method::PROMPTS_GET, Some(params)),
            Purpose::request("r", method::TOOLS_CALL, Some(params)),
            Purpose::request("st", "ools/call", Some(params)),
            Purpose::answer("s"),
            Purpose::answer("r"),
        ];
        let count = all.len();
        all.sort_by_key(|purpose| purpose.0);
        all.dedup();
        assert_eq!(all.len(), count);
    }
}
