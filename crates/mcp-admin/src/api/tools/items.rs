//! `GET /tools`: every item of every server, shown or not.

use std::{collections::BTreeMap, sync::Arc};

use http::StatusCode;
use mcp_protocol::ListKind;
use mcp_proxy_core::{
    aggregator::{Hidden, HubItem, ItemRule, ParameterRule},
    transport::Secret,
};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::{
    answer::{Answer, Refusal, json, tagged},
    api::redact::redact,
    ask::Ask,
    state::State,
};

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are those of the interface")]
struct Items<'a> {
    items: Vec<Item<'a>>,
    separator: String,
    conflicts: &'a [String],
    etag: &'a str,
}

#[derive(Serialize)]
struct Item<'a> {
    server: &'a str,
    kind: &'static str,
    key: &'a str,
    exposed: Option<&'a str>,
    shown: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    why: Option<String>,
    own: Option<Box<RawValue>>,
    seen: Option<Box<RawValue>>,
    rule: Option<Rule<'a>>,
    changed: bool,
    pinned: Option<Box<RawValue>>,
    missing: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    enabled: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    exposed_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    annotations: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    parameters: BTreeMap<&'a str, Parameter<'a>>,
}

#[derive(Serialize)]
struct Parameter<'a> {
    #[serde(skip_serializing_if = "is_false")]
    hidden: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    default: Option<Box<RawValue>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<&'a str>,
}

pub(super) async fn list(state: Arc<State>, _: Ask) -> Answer {
    let etag = state.live.etag();
    let none = || Refusal::missing("the servers are not offered as one");
    let found = state.proxy.hub_items().ok_or_else(none)?;
    let secrets = state.live.secrets();
    let items = found.items.iter().map(|item| Item::of(item, &secrets)).collect();
    let separator = state.live.hub().ok().flatten().map(|hub| hub.naming.separator().to_owned()).unwrap_or_default();
    let items = Items { items, separator, conflicts: &found.conflicts, etag: &etag };
    Ok(tagged(json(StatusCode::OK, &items), &etag))
}

impl<'a> Item<'a> {
    fn of(item: &'a HubItem, secrets: &[Secret]) -> Self {
        let text = |text: &Option<Arc<str>>| text.as_ref().and_then(|text| raw(text, secrets));
        Self {
            server: &item.server,
            kind: match item.kind {
                ListKind::Tools => "tool",
                ListKind::Prompts => "prompt",
                ListKind::Resources => "resource",
                ListKind::ResourceTemplates => "template",
            },
            key: &item.key,
            exposed: item.exposed.as_deref(),
            shown: item.exposed.is_some(),
            why: item.hidden.map(|hidden| hidden.to_string()),
            own: text(&item.own),
            seen: text(&item.seen),
            rule: item.rule.as_ref().map(|rule| Rule::of(rule, secrets)),
            changed: item.is_changed,
            pinned: text(&item.pinned),
            missing: item.hidden == Some(Hidden::Missing),
        }
    }
}

impl<'a> Rule<'a> {
    fn of(rule: &'a ItemRule, secrets: &[Secret]) -> Self {
        let parameters = rule.parameters.iter().map(|(name, rule)| (&**name, Parameter::of(name, rule, secrets)));
        Self {
            enabled: rule.enabled,
            exposed_name: rule.name.as_deref(),
            title: rule.title.as_deref(),
            description: rule.description.as_deref(),
            annotations: rule.annotations.as_deref().and_then(|text| raw(text, secrets)),
            parameters: parameters.collect(),
        }
    }
}

impl<'a> Parameter<'a> {
    /// What a parameter is given is a secret if its name says so, and comes back masked as in the rest of the configuration.
    fn of(name: &str, rule: &'a ParameterRule, secrets: &[Secret]) -> Self {
        let value = |text: &Option<Box<str>>| {
            let named = format!("{{{}:{}}}", mcp_jsonrpc::quote(name), text.as_deref()?);
            let masked = redact(&named, secrets);
            let masked: BTreeMap<String, &RawValue> = serde_json::from_str(&masked).ok()?;
            masked.into_values().next().map(ToOwned::to_owned)
        };
        Self {
            hidden: rule.hidden,
            fixed: value(&rule.fixed),
            default: value(&rule.default),
            description: rule.description.as_deref(),
        }
    }
}

fn raw(text: &str, secrets: &[Secret]) -> Option<Box<RawValue>> {
    RawValue::from_string(redact(text, secrets)).ok()
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde wants")]
fn is_false(value: &bool) -> bool {
    !value
}
