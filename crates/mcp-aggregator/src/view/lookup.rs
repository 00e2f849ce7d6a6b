//! Which server a name or a URI leads to.

use std::sync::Arc;

use mcp_protocol::ParamHeaders;

use super::{Named, View};
use crate::uri::unprefixed;

/// Where a URI leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) member: usize,
    /// The URI as its server knows it.
    pub(crate) own: Box<str>,
}

impl View {
    /// Whose tool that is.
    pub(crate) fn tool(&self, name: &str) -> Option<&Named> {
        self.tools.get(name)
    }

    /// Which arguments of a tool headers repeat, by the schema that clients see. `None` if it repeats none, or says so in
    /// a way that is not to be followed.
    pub(crate) fn tool_headers(&self, name: &str) -> Option<Arc<ParamHeaders>> {
        let tool = self.tools.get(name)?;
        let read = || match ParamHeaders::of_tool(&tool.text) {
            Ok(headers) => (!headers.is_empty()).then(|| Arc::new(headers)),
            Err(error) => {
                tracing::debug!(tool = name, "the headers of the tool's calls are not checked: {error}");
                None
            }
        };
        tool.param_headers.get_or_init(read).clone()
    }

    /// Whose prompt that is.
    pub(crate) fn prompt(&self, name: &str) -> Option<&Named> {
        self.prompts.get(name)
    }

    /// Whose resource that is: by the lists, by its prefix, by the templates. `None` if none of them says.
    pub(crate) fn resource(&self, uri: &str) -> Option<Found> {
        if let Some(member) = self.resources.get(uri)
            && !self.is_prefix_of(*member, uri)
        {
            return Some(Found { member: *member, own: uri.into() });
        }
        if let Some((server, own)) = unprefixed(uri)
            && let Some(member) = self.member(&server)
        {
            return Some(Found { member, own: own.into() });
        }
        let matching = self.templates.iter().filter(|it| !it.is_prefixed && it.template.matches(uri));
        // Of several the most exact one; of those the first.
        let best = matching.rev().max_by_key(|it| it.template.weight())?;
        Some(Found { member: best.member, own: uri.into() })
    }

    /// Whether nobody may use a resource of a server: the rules name it, or a template it comes of.
    pub(crate) fn is_hidden(&self, member: usize, own: &str) -> bool {
        self.members[member].hidden.iter().any(|template| template.matches(own))
            && self.resources.get(own) != Some(&member)
    }

    /// Whether a URI that clients see is one of the member's under the prefix that we gave it.
    fn is_prefix_of(&self, member: usize, uri: &str) -> bool {
        let seen = &self.members[member];
        seen.collides && unprefixed(uri).is_some_and(|(server, _)| *server == **seen.member.name())
    }

    /// Whose template that is, as it stands in a completion.
    pub(crate) fn template(&self, text: &str) -> Option<Found> {
        if let Some(found) = self.templates.iter().find(|it| !it.is_prefixed && *it.text == *text) {
            return Some(Found { member: found.member, own: text.into() });
        }
        self.resource(text)
    }
}
