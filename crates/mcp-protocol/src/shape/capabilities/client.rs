//! What a client can do.

use super::{ShapeError, declares};
use crate::{meta, method};

/// One thing a client may declare.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ClientCapability {
    /// It tells its roots.
    Roots,
    /// It tells when they change; legacy.
    RootsListChanged,
    /// It has a model that can be asked.
    Sampling,
    /// Its model can use tools (since 2025-11-25).
    SamplingTools,
    /// It shows forms to its user (since 2025-06-18).
    ElicitationForm,
    /// It sends its user to URLs (since 2025-11-25).
    ElicitationUrl,
    /// It knows tasks as the extension has them.
    TasksExtension,
}

/// What a client has declared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientCapabilities(u16);

const SHAPE: &str = "capabilities of a client";

impl ClientCapability {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Roots,
        Self::RootsListChanged,
        Self::Sampling,
        Self::SamplingTools,
        Self::ElicitationForm,
        Self::ElicitationUrl,
        Self::TasksExtension,
    ];

    /// Where it is declared. (`elicitation` without `form` and `url` declares forms too.)
    #[must_use]
    pub const fn path(self) -> &'static [&'static str] {
        match self {
            Self::Roots => &["roots"],
            Self::RootsListChanged => &["roots", "listChanged"],
            Self::Sampling => &["sampling"],
            Self::SamplingTools => &["sampling", "tools"],
            Self::ElicitationForm => &["elicitation", "form"],
            Self::ElicitationUrl => &["elicitation", "url"],
            Self::TasksExtension => &["extensions", meta::TASKS_EXTENSION],
        }
    }

    /// What a client must be able to do to be asked this; `None` if anyone may be, or the method is not known here.
    /// `params` are JSON text.
    #[must_use]
    pub fn needed_for(method: &str, params: Option<&str>) -> Option<Self> {
        let has = |key, value| {
            let place = params.and_then(|params| Some(&params[mcp_jsonrpc::field::find(params, &[key]).ok()??]));
            place.is_some_and(|found| value == found || value == "*")
        };
        match method {
            method::ROOTS_LIST => Some(Self::Roots),
            method::SAMPLING_CREATE_MESSAGE if has("tools", "*") || has("toolChoice", "*") => Some(Self::SamplingTools),
            method::SAMPLING_CREATE_MESSAGE => Some(Self::Sampling),
            method::ELICITATION_CREATE if has("mode", "\"url\"") => Some(Self::ElicitationUrl),
            method::ELICITATION_CREATE => Some(Self::ElicitationForm),
            _ => None,
        }
    }

    /// The `data` (JSON text) of the error that says that a request needs this.
    #[must_use]
    pub fn missing_data(self) -> String {
        let leaf = if self == Self::RootsListChanged { "true" } else { "{}" };
        let nested = |inner: String, key: &&str| format!(r#"{{"{key}":{inner}}}"#);
        let capabilities = self.path().iter().rev().fold(leaf.to_owned(), nested);
        format!(r#"{{"requiredCapabilities":{capabilities}}}"#)
    }

    const fn bit(self) -> u16 {
        1 << self as u16
    }
}

impl ClientCapabilities {
    /// Reads JSON text.
    ///
    /// # Errors
    ///
    /// Fails if it is no object, or a key in question stands twice.
    pub fn read(raw: &str) -> Result<Self, ShapeError> {
        let mut found = Self::default();
        // Many declare nothing, and in the modern era this is read with every request.
        if raw.trim_ascii() == "{}" {
            return Ok(found);
        }
        for capability in ClientCapability::ALL {
            if declares(SHAPE, raw, capability.path())? {
                found.0 |= capability.bit();
            }
        }
        // Before there were two modes, and since for those who name none, `{}` meant forms.
        if !found.has(ClientCapability::ElicitationUrl) && declares(SHAPE, raw, &["elicitation"])? {
            found.0 |= ClientCapability::ElicitationForm.bit();
        }
        Ok(found)
    }

    /// Whether the client has declared it.
    #[must_use]
    pub fn has(self, capability: ClientCapability) -> bool {
        self.0 & capability.bit() != 0
    }

    /// Whether a server could ask the client anything at all in the middle of a call.
    #[must_use]
    pub fn can_interact(self) -> bool {
        use ClientCapability::{ElicitationForm, ElicitationUrl, Roots, Sampling};
        [Roots, Sampling, ElicitationForm, ElicitationUrl].into_iter().any(|one| self.has(one))
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientCapability as Can, *};

    #[track_caller]
    fn check(raw: &str, expect: &[Can]) {
        let read = ClientCapabilities::read(raw).unwrap();
        let found: Vec<_> = Can::ALL.into_iter().filter(|one| read.has(*one)).collect();
        assert_eq!(found, expect, "{raw}");
    }

    #[test]
    fn what_is_declared_is_found() {
        check("{}", &[]);
        check(r#"{"roots":{"listChanged":true},"sampling":{}}"#, &[Can::Roots, Can::RootsListChanged, Can::Sampling]);
        check(r#"{"sampling":{"tools":{}}}"#, &[Can::Sampling, Can::SamplingTools]);
        check(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, &[Can::TasksExtension]);
        check(r#"{"roots":null,"experimental":{"sampling":{}}}"#, &[]);
    }

    #[test]
    fn elicitation_means_forms_unless_only_urls_are_named() {
        check(r#"{"elicitation":{}}"#, &[Can::ElicitationForm]);
        check(r#"{"elicitation":{"form":{"applyDefaults":true}}}"#, &[Can::ElicitationForm]);
        check(r#"{"elicitation":{"url":{}}}"#, &[Can::ElicitationUrl]);
        check(r#"{"elicitation":{"url":{},"form":{}}}"#, &[Can::ElicitationForm, Can::ElicitationUrl]);
    }

    #[test]
    fn only_who_can_be_asked_can_interact() {
        let can = |raw| ClientCapabilities::read(raw).unwrap().can_interact();
        assert!(can(r#"{"elicitation":{"url":{}}}"#) && can(r#"{"sampling":{}}"#) && can(r#"{"roots":{}}"#));
        assert!(!can("{}") && !can(r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#));
    }

    #[test]
    fn a_request_tells_what_it_needs() {
        for (method, params, need, data) in [
            (method::ROOTS_LIST, None, Can::Roots, r#"{"roots":{}}"#),
            (method::SAMPLING_CREATE_MESSAGE, Some("{}"), Can::Sampling, r#"{"sampling":{}}"#),
            (
                method::SAMPLING_CREATE_MESSAGE,
                Some(r#"{"tools":[]}"#),
                Can::SamplingTools,
                r#"{"sampling":{"tools":{}}}"#,
            ),
            (method::ELICITATION_CREATE, None, Can::ElicitationForm, r#"{"elicitation":{"form":{}}}"#),
            (
                method::ELICITATION_CREATE,
                Some(r#"{"mode":"url"}"#),
                Can::ElicitationUrl,
                r#"{"elicitation":{"url":{}}}"#,
            ),
        ] {
            assert_eq!(Can::needed_for(method, params), Some(need));
            assert_eq!(need.missing_data(), format!(r#"{{"requiredCapabilities":{data}}}"#));
        }
        assert_eq!(Can::needed_for(method::PING, None), None);
    }
}
