//! What the definitions of tools said that are pinned, so that a change can be shown.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// The texts of pinned definitions, by server and the tool's own name: at most 64 KiB each and 4 MiB together. Of what is
/// longer, and of what comes when all room is taken, only the digest is known.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Kept", into = "Kept")]
pub(crate) struct Texts {
    kept: Kept,
    bytes: usize,
}

type Kept = BTreeMap<Box<str>, BTreeMap<Box<str>, Box<str>>>;

const MOST_OF_ONE: usize = 64 << 10;
const MOST: usize = 4 << 20;

impl Texts {
    /// Reads JSON text; `None` if it is not what [`write`](Self::write) gives.
    pub(crate) fn read(text: &str) -> Option<Self> {
        serde_json::from_str(text).ok()
    }

    /// JSON text.
    pub(crate) fn write(&self) -> String {
        // Maps of strings have no way to fail; an empty object still reads.
        serde_json::to_string(&self.kept).unwrap_or_else(|_| "{}".to_owned())
    }

    pub(crate) fn get(&self, server: &str, tool: &str) -> Option<&str> {
        self.kept.get(server)?.get(tool).map(|text| &**text)
    }

    /// Keeps the text, if there is room, in place of the one there was; says whether anything is different now.
    pub(crate) fn keep(&mut self, server: &str, tool: &str, text: &str) -> bool {
        if self.get(server, tool) == Some(text) {
            return false;
        }
        let old = self.kept.get_mut(server).and_then(|tools| tools.remove(tool));
        self.bytes -= old.as_ref().map_or(0, |old| old.len());
        let fits = text.len() <= MOST_OF_ONE && self.bytes + text.len() <= MOST;
        if fits {
            self.bytes += text.len();
            self.kept.entry(server.into()).or_default().insert(tool.into(), text.into());
        }
        fits || old.is_some()
    }
}

impl From<Kept> for Texts {
    fn from(kept: Kept) -> Self {
        let bytes = kept.values().flat_map(BTreeMap::values).map(|text| text.len()).sum();
        Self { kept, bytes }
    }
}

impl From<Texts> for Kept {
    fn from(texts: Texts) -> Self {
        texts.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_has_a_bound_and_reads_back() {
        let mut texts = Texts::default();
        assert!(texts.keep("s", "t", "one") && !texts.keep("s", "t", "one") && texts.keep("s", "t", "two"));
        assert_eq!((texts.get("s", "t"), texts.get("s", "u"), texts.bytes), (Some("two"), None, 3));
        assert_eq!(Texts::read(&texts.write()), Some(texts.clone()));
        let long = "x".repeat(MOST_OF_ONE);
        assert!(!texts.keep("s", "long", &format!("{long}x")), "longer than one may be");
        let kept = (0..100).filter(|n| texts.keep("s", &n.to_string(), &long)).count();
        assert_eq!(kept, MOST / MOST_OF_ONE - 1, "beside the first there is room for so many");
        assert!(texts.keep("s", "t", &format!("{long}x")), "what there was is not what is pinned now");
        assert_eq!(texts.get("s", "t"), None);
        assert_eq!(Texts::read("[]"), None);
    }
}
