//! Streams of change notifications (2026-07-28, subscriptions).

use mcp_jsonrpc::{Id, Message};
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{ShapeError, object, read, strings};
use crate::{Envelope, ServerCapabilities, ServerCapability, meta, method};

/// Which changes a client wants to hear of, or a server will tell of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SubscriptionFilter {
    /// That the tools have changed.
    pub tools_list_changed: bool,
    /// That the prompts have changed.
    pub prompts_list_changed: bool,
    /// That the list of resources has changed.
    pub resources_list_changed: bool,
    /// The URIs of resources, each change of which is told.
    pub resource_subscriptions: Vec<String>,
    /// The ids of tasks, each change of which is told (tasks extension).
    pub task_ids: Vec<String>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow, deserialize_with = "object")]
    notifications: &'a RawValue,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Wire {
    #[serde(default)]
    tools_list_changed: Option<bool>,
    #[serde(default)]
    prompts_list_changed: Option<bool>,
    #[serde(default)]
    resources_list_changed: Option<bool>,
    #[serde(default)]
    resource_subscriptions: Option<Vec<String>>,
    #[serde(default)]
    task_ids: Option<Vec<String>>,
}

impl SubscriptionFilter {
    /// Reads the filter in params (JSON text) of `subscriptions/listen` or of its acknowledgement.
    ///
    /// # Errors
    ///
    /// Fails without `notifications`, or if one of its members is malformed.
    pub fn read(params: &str) -> Result<Self, ShapeError> {
        let outer: Params<'_> = read("params of a subscription", params)?;
        let wire: Wire = read("filter of a subscription", outer.notifications.get())?;
        Ok(Self {
            tools_list_changed: wire.tools_list_changed.unwrap_or_default(),
            prompts_list_changed: wire.prompts_list_changed.unwrap_or_default(),
            resources_list_changed: wire.resources_list_changed.unwrap_or_default(),
            resource_subscriptions: wire.resource_subscriptions.unwrap_or_default(),
            task_ids: wire.task_ids.unwrap_or_default(),
        })
    }

    /// Whether nothing is wanted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a notification of this kind may go to who asked for this. Which resource or task it is about is not looked
    /// at: a server may tell of what lies below a URI that was asked for, and only it knows what does.
    #[must_use]
    pub fn wants(&self, method: &str) -> bool {
        match method {
            method::TOOLS_LIST_CHANGED => self.tools_list_changed,
            method::PROMPTS_LIST_CHANGED => self.prompts_list_changed,
            method::RESOURCES_LIST_CHANGED => self.resources_list_changed,
            method::RESOURCES_UPDATED => !self.resource_subscriptions.is_empty(),
            method::TASKS_CHANGED => !self.task_ids.is_empty(),
            _ => false,
        }
    }

    /// The part of it that a server with these capabilities can honour.
    #[must_use]
    pub fn honoured(&self, by: ServerCapabilities) -> Self {
        use ServerCapability as Has;
        let list = |wanted: &[String], has| if by.has(has) { wanted.to_vec() } else { Vec::new() };
        Self {
            tools_list_changed: self.tools_list_changed && by.has(Has::ToolsListChanged),
            prompts_list_changed: self.prompts_list_changed && by.has(Has::PromptsListChanged),
            resources_list_changed: self.resources_list_changed && by.has(Has::ResourcesListChanged),
            resource_subscriptions: list(&self.resource_subscriptions, Has::ResourcesSubscribe),
            task_ids: list(&self.task_ids, Has::TasksExtension),
        }
    }

    /// JSON text of the filter; what is not wanted is left out.
    #[must_use]
    pub fn write(&self) -> String {
        let mut members = Vec::new();
        for (key, wanted) in [
            ("toolsListChanged", self.tools_list_changed),
            ("promptsListChanged", self.prompts_list_changed),
            ("resourcesListChanged", self.resources_list_changed),
        ] {
            members.extend(wanted.then(|| format!(r#""{key}":true"#)));
        }
        for (key, wanted) in [("resourceSubscriptions", &self.resource_subscriptions), ("taskIds", &self.task_ids)] {
            let list = || format!(r#""{key}":{}"#, strings(wanted.iter().map(String::as_str)));
            members.extend((!wanted.is_empty()).then(list));
        }
        format!("{{{}}}", members.join(","))
    }
}

/// Params (JSON text) that open a change stream.
#[must_use]
pub fn listen_params(filter: &SubscriptionFilter, envelope: &Envelope<'_>) -> String {
    format!(r#"{{"notifications":{},"{}":{{{}}}}}"#, filter.write(), meta::META, envelope.members())
}

/// The first message of a change stream: what it will carry. `listen` is the id of the request that opened it.
#[must_use]
pub fn acknowledged(listen: &Id, honoured: &SubscriptionFilter) -> Message {
    let params = format!(r#"{{{},"notifications":{}}}"#, subscription_meta(listen), honoured.write());
    Message::notification(method::SUBSCRIPTIONS_ACKNOWLEDGED, Some(&params))
}

/// A notification on a change stream that says no more than its method. `listen` is the id of the request that opened it.
#[must_use]
pub fn change(listen: &Id, method: &str) -> Message {
    Message::notification(method, Some(&format!("{{{}}}", subscription_meta(listen))))
}

/// The result (JSON text) that ends a change stream in an orderly way.
#[must_use]
pub fn listen_result(listen: &Id) -> String {
    format!(r#"{{"resultType":"complete",{}}}"#, subscription_meta(listen))
}

/// The `_meta` member (JSON text, without braces) of every message on a change stream.
fn subscription_meta(listen: &Id) -> String {
    format!(r#""{}":{{"{}":{listen}}}"#, meta::META, meta::SUBSCRIPTION_ID)
}

/// Which change stream a notification belongs to: the id of the request that opened it, with its type.
#[must_use]
pub fn subscription_id(message: &Message) -> Option<Id> {
    Id::parse(message.value(&meta::SUBSCRIPTION_ID_PATH)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn everything() -> SubscriptionFilter {
        SubscriptionFilter {
            tools_list_changed: true,
            prompts_list_changed: true,
            resources_list_changed: true,
            resource_subscriptions: vec!["file:///\"a\"".to_owned()],
            task_ids: vec!["t".to_owned()],
        }
    }

    #[test]
    fn filters_are_read_and_written() {
        for filter in [everything(), SubscriptionFilter::default()] {
            let params = format!(r#"{{"_meta":{{}},"notifications":{}}}"#, filter.write());
            assert_eq!(SubscriptionFilter::read(&params), Ok(filter));
        }
        for text in ["{}", r#"{"notifications":[true]}"#, r#"{"notifications":{"toolsListChanged":1}}"#] {
            assert!(SubscriptionFilter::read(text).is_err(), "{text}");
        }
        let off = SubscriptionFilter::read(r#"{"notifications":{"toolsListChanged":false,"taskIds":null}}"#).unwrap();
        assert!(off.is_empty());
    }

    #[test]
    fn only_what_a_server_declares_is_honoured() {
        let by = |raw| everything().honoured(ServerCapabilities::read(raw).unwrap());
        assert!(by("{}").is_empty());
        assert!(by(r#"{"tools":{},"resources":{"subscribe":false}}"#).is_empty());
        let some = by(r#"{"tools":{"listChanged":true},"resources":{"subscribe":true}}"#);
        assert!(some.wants(method::TOOLS_LIST_CHANGED) && some.wants(method::RESOURCES_UPDATED));
        assert!(!some.wants(method::PROMPTS_LIST_CHANGED) && !some.wants(method::RESOURCES_LIST_CHANGED));
    }

    #[test]
    fn progress_and_logs_never_go_to_a_change_stream() {
        for method in [method::PROGRESS, method::MESSAGE, method::CANCELLED, method::ROOTS_LIST_CHANGED] {
            assert!(!everything().wants(method), "{method}");
        }
    }

    #[test]
    fn the_id_of_the_stream_keeps_its_type() {
        for raw in ["7", "\"7\""] {
            let id = Id::parse(raw).unwrap();
            let first = acknowledged(&id, &everything());
            assert_eq!(subscription_id(&first), Some(id.clone()));
            assert_eq!(SubscriptionFilter::read(first.params().unwrap()), Ok(everything()));
            let last = Message::response(&id, &listen_result(&id));
            let path = ["result", meta::META, meta::SUBSCRIPTION_ID];
            assert_eq!(last.value(&path), Some(raw));
        }
    }
}
