//! JSON as `serde_json` sees it.

use std::{fmt, ops::Range};

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

/// One member of an object.
#[derive(Clone, Copy, Debug)]
pub struct Member<'a> {
    /// The text of the key, with its quotes.
    pub key: &'a str,
    /// The text of the value.
    pub value: &'a str,
}

impl Member<'_> {
    /// The content of the key; `None` if it holds half of a surrogate pair.
    #[must_use]
    pub fn name(&self) -> Option<String> {
        serde_json::from_str(self.key).ok()
    }
}

/// Whether `text` is exactly one JSON value, at whatever depth.
#[must_use]
pub fn is_json(text: &str) -> bool {
    serde_json::from_str::<&RawValue>(text).is_ok()
}

/// The members of an object in their order, those that stand twice included; `None` if `text` is no JSON object.
#[must_use]
pub fn members(text: &str) -> Option<Vec<Member<'_>>> {
    serde_json::from_str::<Object<'_>>(text).ok().map(|object| object.0)
}

/// How deep objects and arrays nest in `text`, which must be JSON.
#[must_use]
pub fn depth(text: &str) -> usize {
    let (mut depth, mut deepest, mut quoted, mut escaped) = (0usize, 0, false, false);
    for byte in text.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            b'{' | b'[' if !quoted => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b'}' | b']' if !quoted => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// Where `part` stands in `whole`, which it must be a part of.
#[must_use]
pub fn span(whole: &[u8], part: &str) -> Range<usize> {
    let start = part.as_ptr().addr() - whole.as_ptr().addr();
    start..start + part.len()
}

struct Object<'a>(Vec<Member<'a>>);

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;

        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members = Vec::new();
                while let Some((key, value)) = map.next_entry::<&RawValue, &RawValue>()? {
                    members.push(Member { key: key.get(), value: value.get() });
                }
                Ok(Object(members))
            }
        }

        deserializer.deserialize_map(Members)
    }
}
