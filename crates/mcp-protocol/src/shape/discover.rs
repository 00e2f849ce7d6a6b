//! What a modern server says of itself.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, cache::CacheHints, member, object, optional_object, read, strings};
use crate::{Era, Revision, meta};

/// The result of `server/discover`.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct DiscoverResult<'a> {
    /// The revisions the server speaks, in its own words and order; legacy ones may be among them.
    pub supported_versions: Vec<String>,
    /// What the server can do.
    #[serde(borrow, deserialize_with = "object")]
    pub capabilities: &'a RawValue,
    /// What the server wants the model to know; a JSON string.
    #[serde(borrow, default)]
    pub instructions: Option<&'a RawValue>,
    #[serde(borrow, default, rename = "_meta", deserialize_with = "optional_object")]
    meta: Option<&'a RawValue>,
}

/// A result of `server/discover` to be written.
#[derive(Clone, Copy, Debug)]
pub struct DiscoverAnswer<'a> {
    /// The revisions served, the best first.
    pub supported: &'a [Revision],
    /// JSON text of what the server can do.
    pub capabilities: &'a str,
    /// JSON text of who the server is.
    pub server_info: Option<&'a str>,
    /// JSON text (a string) of what the server wants the model to know.
    pub instructions: Option<&'a str>,
    /// How long and for whom it may be kept.
    pub cache: CacheHints,
}

impl<'a> DiscoverResult<'a> {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if versions or capabilities are missing or malformed.
    pub fn read(raw: &'a str) -> Result<Self, ShapeError> {
        read("result of server/discover", raw)
    }

    /// JSON text of who the server is, if it says so.
    #[must_use]
    pub fn server_info(&self) -> Option<&'a str> {
        member("_meta", self.meta?.get(), &[meta::SERVER_INFO]).ok()?
    }

    /// The newest revision of an era that the server and this crate both know.
    #[must_use]
    pub fn newest(&self, era: Era) -> Option<Revision> {
        let known = self.supported_versions.iter().filter_map(|version| version.parse::<Revision>().ok());
        known.filter(|revision| revision.era() == era).max()
    }
}

impl DiscoverAnswer<'_> {
    /// JSON text of the result.
    #[must_use]
    pub fn write(&self) -> String {
        let versions = strings(self.supported.iter().map(|revision| revision.as_str()));
        let instructions = self.instructions.map(|text| format!(r#","instructions":{text}"#)).unwrap_or_default();
        let info = self.server_info.map(|info| format!(r#","{}":{{"{}":{info}}}"#, meta::META, meta::SERVER_INFO));
        format!(
            r#"{{"resultType":"complete","supportedVersions":{versions},"capabilities":{}{instructions},{}{}}}"#,
            self.capabilities,
            self.cache.members(),
            info.unwrap_or_default(),
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::CacheScope;

    #[test]
    fn what_is_written_reads_back() {
        let text = DiscoverAnswer {
            supported: &[Revision::V2026_07_28, Revision::V2025_11_25],
            capabilities: r#"{"tools":{}}"#,
            server_info: Some(r#"{"name":"s","version":"1"}"#),
            instructions: Some(r#""hi""#),
            cache: CacheHints { ttl_ms: 0, scope: CacheScope::Private },
        }
        .write();
        let result = DiscoverResult::read(&text).unwrap();
        assert_eq!(result.supported_versions, ["2026-07-28", "2025-11-25"]);
        assert_eq!(result.capabilities.get(), r#"{"tools":{}}"#);
        assert_eq!(result.server_info(), Some(r#"{"name":"s","version":"1"}"#));
        assert_eq!(result.instructions.map(RawValue::get), Some(r#""hi""#));
    }

    #[track_caller]
    fn newest(versions: &str, modern: Option<Revision>, legacy: Option<Revision>) {
        let text = format!(r#"{{"supportedVersions":{versions},"capabilities":{{}}}}"#);
        let result = DiscoverResult::read(&text).unwrap();
        assert_eq!((result.newest(Era::Modern), result.newest(Era::Legacy)), (modern, legacy));
    }

    #[test]
    fn the_newest_common_revision_is_found_in_any_order() {
        newest(r#"["2024-11-05","2026-07-28","2025-03-26"]"#, Some(Revision::V2026_07_28), Some(Revision::V2025_03_26));
        newest(r#"["2025-11-25"]"#, None, Some(Revision::V2025_11_25));
        newest(r#"["2099-01-01"]"#, None, None);
        newest("[]", None, None);
    }

    #[test]
    fn a_result_of_another_kind_is_none_of_discover() {
        for text in [r#"{"tools":[]}"#, r#"{"supportedVersions":"2026-07-28","capabilities":{}}"#, "null"] {
            assert!(DiscoverResult::read(text).is_err(), "{text}");
        }
    }
}
