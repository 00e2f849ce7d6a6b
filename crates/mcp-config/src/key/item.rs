//! The keys of what is different about one tool, prompt or resource.

use std::collections::BTreeMap;

use mcp_proxy_core::aggregator::{ItemRule, ParameterRule};

use super::{Key, Kind, Table};

/// What is said of one item.
#[derive(Default)]
pub(crate) struct ItemDraft {
    enabled: Option<bool>,
    pub(crate) name: Option<String>,
    title: Option<String>,
    description: Option<String>,
    annotations: Option<Box<str>>,
    parameters: BTreeMap<Box<str>, ParameterRule>,
}

impl ItemDraft {
    /// The rule that it makes. An empty text says nothing; forms tend to write some.
    pub(crate) fn rule(self) -> ItemRule {
        let text = |text: Option<String>| text.filter(|text| !text.is_empty()).map(Into::into);
        ItemRule {
            enabled: self.enabled,
            name: text(self.name),
            title: text(self.title),
            description: text(self.description),
            annotations: self.annotations,
            parameters: self.parameters,
        }
    }
}

/// Of a tool.
pub(crate) static TOOL: Table<ItemDraft> = Table {
    keys: &[
        enabled(),
        name(),
        description(),
        title(),
        Key::new(
            "annotations",
            Kind::JsonObject(|item| &mut item.annotations),
            "",
            "Members that take the place of those of the same name in the tool's annotations.",
        ),
        Key::new(
            "parameters",
            Kind::Own {
                read: |reader, value, path, item: &mut ItemDraft| item.parameters = reader.parameters(value, path),
                shape: crate::schema::parameters,
            },
            "",
            "What is different about its parameters, by their names.",
        ),
    ],
    ignored: &[],
};

/// Of a prompt or a resource.
pub(crate) static PLAIN: Table<ItemDraft> = Table { keys: &[enabled(), name(), description(), title()], ignored: &[] };

const fn enabled() -> Key<ItemDraft> {
    let about = "Whether clients see it and may use it; true also for a tool that `allow` leaves out.";
    Key::new("enabled", Kind::LooseBool(|item| &mut item.enabled), "", about)
}

const fn name() -> Key<ItemDraft> {
    let about = "The whole name that clients see, without the server's before it.";
    Key::new("exposedName", Kind::Text(|item| &mut item.name), "", about)
}

const fn title() -> Key<ItemDraft> {
    Key::new("title", Kind::Text(|item| &mut item.title), "", "The title that clients see.")
}

const fn description() -> Key<ItemDraft> {
    let key = Key::<ItemDraft>::new(
        "exposedDescription",
        Kind::Text(|item| &mut item.description),
        "",
        "The description that clients see.",
    );
    key.or(&["description"])
}

/// What is said of one parameter of a tool.
#[derive(Default)]
pub(crate) struct ParameterDraft {
    hidden: Option<bool>,
    pub(crate) fixed: Option<Box<str>>,
    pub(crate) default: Option<Box<str>>,
    description: Option<String>,
}

impl ParameterDraft {
    pub(crate) fn rule(self) -> ParameterRule {
        ParameterRule {
            hidden: self.hidden == Some(true),
            fixed: self.fixed,
            default: self.default,
            description: self.description.filter(|text| !text.is_empty()).map(Into::into),
        }
    }
}

pub(crate) static PARAMETER: Table<ParameterDraft> = Table {
    keys: &[
        Key::new(
            "hidden",
            Kind::Bool(|it| &mut it.hidden),
            "false",
            "Clients do not see it, and what they send for it is taken out.",
        ),
        Key::new(
            "fixed",
            Kind::Json(|it| &mut it.fixed),
            "",
            "What every call is sent with, whatever clients say; they do not see the parameter.",
        ),
        Key::new(
            "default",
            Kind::Json(|it| &mut it.default),
            "",
            "What a call is sent with if it does not say; clients need not send the parameter then.",
        ),
        Key::new("description", Kind::Text(|it| &mut it.description), "", "The description that clients see."),
    ],
    ignored: &[],
};
