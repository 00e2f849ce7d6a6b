//! Values of any kind, and whether they may stand in a document.

use std::{borrow::Cow, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{Error, MapAccess, SeqAccess, Visitor},
};

/// Whether readers of a document take the value (JSON text) for what it is: many look for references everywhere and would
/// follow one in plain data, to wherever it leads; and some cannot read half of a surrogate pair.
pub(super) fn is_harmless(raw: &str) -> bool {
    serde_json::from_str::<Harmless>(raw).is_ok()
}

/// What can be read without a fault.
struct Harmless;

impl<'de> Deserialize<'de> for Harmless {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        from.deserialize_any(Look)
    }
}

struct Look;

impl<'de> Visitor<'de> for Look {
    type Value = Harmless;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value without references")
    }

    fn visit_unit<E>(self) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_str<E>(self, _: &str) -> Result<Harmless, E> {
        Ok(Harmless)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Harmless, A::Error> {
        while list.next_element::<Harmless>()?.is_some() {}
        Ok(Harmless)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Harmless, A::Error> {
        while let Some((key, Harmless)) = map.next_entry::<Cow<'_, str>, Harmless>()? {
            if key == "$ref" {
                return Err(A::Error::custom("a reference"));
            }
        }
        Ok(Harmless)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_harmless_and_references_are_not() {
        for raw in ["null", "-1.5", "\"$ref\"", r#"[{"a":["$ref",{"ref":1}]},true]"#, r#""\ud83d\ude00\u00e9""#] {
            assert!(is_harmless(raw), "{raw}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        for raw in [r#"{"$ref":"a"}"#, r#"[{"a":{"\u0024ref":1}}]"#, r#""\ud800""#, r#"{"\udc00":1}"#, "{", "", &deep] {
            assert!(!is_harmless(raw), "{raw}");
        }
    }
}
