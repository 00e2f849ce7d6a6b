//! What a server offered when it was last there, as text that outlives the process.

use std::sync::Arc;

use mcp_jsonrpc::field;
use mcp_protocol::{ListKind, ServerCapabilities};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Item, Listing, place};

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Kept<'a> {
    #[serde(borrow)]
    handshake: &'a RawValue,
    #[serde(borrow)]
    tools: Vec<&'a RawValue>,
    #[serde(borrow)]
    prompts: Vec<&'a RawValue>,
    #[serde(borrow)]
    resources: Vec<&'a RawValue>,
    #[serde(borrow)]
    resource_templates: Vec<&'a RawValue>,
}

impl Listing {
    /// Reads what [`to_text`](Self::to_text) has written; `None` if it is something else.
    pub(crate) fn from_text(text: &str) -> Option<Self> {
        let kept: Kept<'_> = serde_json::from_str(text).ok()?;
        let handshake = kept.handshake.get();
        let capabilities = field::find(handshake, &["capabilities"]).ok()?.map_or("{}", |place| &handshake[place]);
        let items = |kind: ListKind, texts: &[&RawValue]| -> Arc<[Item]> {
            let item = |text: &&RawValue| {
                Some(Item { key: kind.key_of(text.get())?.as_ref().into(), text: text.get().into() })
            };
            texts.iter().filter_map(item).collect()
        };
        let mut lists = [const { None }; 4];
        for (kind, texts) in [
            (ListKind::Tools, &kept.tools),
            (ListKind::Prompts, &kept.prompts),
            (ListKind::Resources, &kept.resources),
            (ListKind::ResourceTemplates, &kept.resource_templates),
        ] {
            lists[place(kind)] = Some(items(kind, texts));
        }
        let lists = lists.map(Option::unwrap_or_default);
        let capabilities = ServerCapabilities::read(capabilities).ok()?;
        Some(Self {
            handshake: handshake.into(),
            capabilities,
            lists,
            fresh_for: [None; 4],
            changed: Arc::from(Vec::new()),
        })
    }

    /// JSON text of all of it but for what was found out about its tools; `None` if the server's own text is no JSON.
    pub(crate) fn to_text(&self) -> Option<String> {
        let texts = |kind| -> Option<Vec<&RawValue>> {
            self.list(kind).iter().map(|item| serde_json::from_str(&item.text).ok()).collect()
        };
        let kept = Kept {
            handshake: serde_json::from_str(&self.handshake).ok()?,
            tools: texts(ListKind::Tools)?,
            prompts: texts(ListKind::Prompts)?,
            resources: texts(ListKind::Resources)?,
            resource_templates: texts(ListKind::ResourceTemplates)?,
        };
        serde_json::to_string(&kept).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_comes_back_as_it_was() {
        let text = r#"{"handshake":{"capabilities":{"tools":{}},"x": 1},"tools":[{"name":"a", "odd":[1,2]}],"prompts":[],"resources":[{"uri":"u:1"}],"resourceTemplates":[]}"#;
        let listing = Listing::from_text(text).unwrap();
        assert_eq!(listing.list(ListKind::Tools)[0].text.as_ref(), r#"{"name":"a", "odd":[1,2]}"#);
        assert_eq!(&*listing.list(ListKind::Resources)[0].key, "u:1");
        let again = Listing::from_text(&listing.to_text().unwrap()).unwrap();
        assert_eq!(listing, again);
    }

    #[test]
    fn what_is_no_listing_is_none() {
        for text in ["", "{}", "[]", r#"{"handshake":1}"#] {
            assert_eq!(Listing::from_text(text), None);
        }
    }
}
