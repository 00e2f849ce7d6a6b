//! One page of a list.

use std::borrow::Cow;

use mcp_jsonrpc::{field, quote};

use super::{ShapeError, cache::CacheHints, envelope::Envelope, member};
use crate::method;

/// The four lists of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ListKind {
    /// Tools.
    Tools,
    /// Prompts.
    Prompts,
    /// Resources.
    Resources,
    /// Templates of resources.
    ResourceTemplates,
}

/// One page of a list; the items stay JSON text.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ListPage<'a> {
    /// JSON text of each item.
    pub items: Vec<&'a str>,
    /// What to ask the next page with; `None` on the last one.
    pub next_cursor: Option<Cow<'a, str>>,
}

impl ListKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Tools, Self::Prompts, Self::Resources, Self::ResourceTemplates];

    /// The list that a request asks for.
    #[must_use]
    pub fn of(method: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.method() == method)
    }

    /// The request that asks for it.
    #[must_use]
    pub const fn method(self) -> &'static str {
        match self {
            Self::Tools => method::TOOLS_LIST,
            Self::Prompts => method::PROMPTS_LIST,
            Self::Resources => method::RESOURCES_LIST,
            Self::ResourceTemplates => method::RESOURCES_TEMPLATES_LIST,
        }
    }

    /// The notification that says it has changed.
    #[must_use]
    pub const fn list_changed(self) -> &'static str {
        match self {
            Self::Tools => method::TOOLS_LIST_CHANGED,
            Self::Prompts => method::PROMPTS_LIST_CHANGED,
            Self::Resources | Self::ResourceTemplates => method::RESOURCES_LIST_CHANGED,
        }
    }

    /// The member of the result that holds the items.
    #[must_use]
    pub const fn field(self) -> &'static str {
        match self {
            Self::Tools => "tools",
            Self::Prompts => "prompts",
            Self::Resources => "resources",
            Self::ResourceTemplates => "resourceTemplates",
        }
    }

    /// The member of an item that other requests name it by.
    #[must_use]
    pub const fn key(self) -> &'static str {
        match self {
            Self::Tools | Self::Prompts => "name",
            Self::Resources => "uri",
            Self::ResourceTemplates => "uriTemplate",
        }
    }

    /// The key of an item (JSON text); `None` if it has not exactly one that is a string.
    #[must_use]
    pub fn key_of(self, item: &str) -> Option<Cow<'_, str>> {
        let place = field::find(item, &[self.key()]).ok()??;
        field::unescape(&item[place])
    }
}

impl<'a> ListPage<'a> {
    /// Reads a result (JSON text).
    ///
    /// # Errors
    ///
    /// Fails if the items are no array, or the cursor is no string.
    pub fn read(kind: ListKind, result: &'a str) -> Result<Self, ShapeError> {
        let shape = "page of a list";
        let rule = |rule| ShapeError::Rule { shape, rule };
        let items = member(shape, result, &[kind.field()])?.filter(|raw| raw.starts_with('['));
        let items = items.ok_or(rule("the items must be an array under the name of the list"))?;
        let places = field::elements(items, usize::MAX).map_err(|_| rule("it must be JSON"))?;
        let next_cursor = member(shape, result, &["nextCursor"])?.filter(|raw| *raw != "null");
        let text = |raw| field::unescape(raw).ok_or(rule("nextCursor must be a string"));
        Ok(Self {
            items: places.into_iter().map(|place| &items[place]).collect(),
            next_cursor: next_cursor.map(text).transpose()?,
        })
    }

    /// JSON text of the result as legacy servers give it; modern ones add a type and [`CacheHints`](crate::CacheHints).
    #[must_use]
    pub fn write(&self, kind: ListKind) -> String {
        let cursor = self.next_cursor.as_ref().map(|cursor| format!(r#","nextCursor":{}"#, quote(cursor)));
        format!(r#"{{"{}":[{}]{}}}"#, kind.field(), self.items.join(","), cursor.unwrap_or_default())
    }

    /// JSON text of the result as modern servers give it.
    #[must_use]
    pub fn write_modern(&self, kind: ListKind, cache: CacheHints) -> String {
        let mut result = self.write(kind);
        result.pop();
        result.push_str(r#","resultType":"complete","#);
        result.push_str(&cache.members());
        result.push('}');
        result
    }

    /// A page of these items (JSON text each).
    #[must_use]
    pub fn new(items: Vec<&'a str>, next_cursor: Option<Cow<'a, str>>) -> Self {
        Self { items, next_cursor }
    }
}

/// Params (JSON text) that ask for the page after `cursor` in a legacy conversation; `None` asks for the first one.
#[must_use]
pub fn list_params(cursor: Option<&str>) -> String {
    cursor.map_or_else(|| "{}".to_owned(), |cursor| format!(r#"{{"cursor":{}}}"#, quote(cursor)))
}

/// The same for a modern conversation, where every request says who asks.
#[must_use]
pub fn modern_list_params(cursor: Option<&str>, envelope: &Envelope<'_>) -> String {
    let meta = envelope.params();
    match cursor {
        None => meta,
        // Two objects that have no key in common make one.
        Some(cursor) => format!(r#"{{"cursor":{},{}"#, quote(cursor), &meta[1..]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_pass_byte_for_byte() {
        let text = r#"{"nextCursor":"a\/b","tools":[ {"name":"x","n":1.0} , {"name":"y"}],"_meta":{}}"#;
        let page = ListPage::read(ListKind::Tools, text).unwrap();
        assert_eq!(page.items, [r#"{"name":"x","n":1.0}"#, r#"{"name":"y"}"#]);
        assert_eq!(page.next_cursor.as_deref(), Some("a/b"));
        let again = page.write(ListKind::Tools);
        assert_eq!(ListPage::read(ListKind::Tools, &again).unwrap(), page);
        assert_eq!(ListPage::new(vec![], None).write(ListKind::Prompts), r#"{"prompts":[]}"#);
    }

    #[test]
    fn a_modern_client_says_who_asks_for_every_page() {
        let revision = crate::Revision::LATEST;
        let envelope = Envelope { version: revision, capabilities: "{}", client_info: None, log_level: None };
        let meta = envelope.params();
        assert_eq!(modern_list_params(None, &envelope), meta);
        assert_eq!(modern_list_params(Some("a\"b"), &envelope), format!(r#"{{"cursor":"a\"b",{}"#, &meta[1..]));
    }

    #[test]
    fn each_list_has_its_own_words() {
        for kind in ListKind::ALL {
            assert_eq!(ListKind::of(kind.method()), Some(kind));
            assert!(method::is_list_changed(kind.list_changed()));
            let item = format!(r#"{{"title":"t","{}":"a"}}"#, kind.key());
            assert_eq!(kind.key_of(&item).as_deref(), Some("a"));
        }
        assert_eq!(ListKind::of(method::TOOLS_CALL), None);
        assert_eq!(ListKind::Tools.key_of(r#"{"name":"a","name":"b"}"#), None);
    }

    #[test]
    fn what_is_no_page_is_refused() {
        for text in [
            "{}",
            r#"{"tools":{}}"#,
            r#"{"prompts":[]}"#,
            r#"{"tools":[],"nextCursor":7}"#,
            r#"{"tools":[],"tools":[]}"#,
        ] {
            assert!(ListPage::read(ListKind::Tools, text).is_err(), "{text}");
        }
        assert_eq!(ListPage::read(ListKind::Tools, r#"{"tools":[],"nextCursor":null}"#).unwrap().next_cursor, None);
    }

    #[test]
    fn a_cursor_is_asked_with_as_it_was_given() {
        assert_eq!(list_params(None), "{}");
        assert_eq!(list_params(Some("a\"b")), r#"{"cursor":"a\"b"}"#);
    }
}
