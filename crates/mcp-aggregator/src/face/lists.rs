//! Answers lists from what is known, and leads calls by name to their servers.

use std::sync::Arc;

use mcp_jsonrpc::{Edit, field, quote};
use mcp_protocol::{Era, InputResponses, ListKind, code};
use mcp_transport::{Reply, Request, SendError};

use super::{Face, id, refused, send::Errand};
use crate::{
    arguments,
    view::{Named, View},
};

impl Face {
    /// A page of a list.
    pub(super) async fn list(&self, kind: ListKind, request: &Request) -> Reply {
        let Some(hub) = self.hub.upgrade() else {
            return refused(request, code::INTERNAL_ERROR, "the hub is shutting down");
        };
        hub.awaited(self.era, &self.sight).await;
        let Some(view) = self.view() else {
            return refused(request, code::INTERNAL_ERROR, "the hub is shutting down");
        };
        let cursor = request.message().value(&["params", "cursor"]).filter(|raw| *raw != "null");
        let cursor = match cursor.map(field::unescape) {
            None => None,
            Some(Some(cursor)) => Some(cursor),
            Some(None) => return refused(request, code::INVALID_PARAMS, "the cursor must be a string"),
        };
        match view.page(kind, cursor.as_deref(), hub.options().page, id(request)) {
            Some(page) => Reply::ready(page),
            None => refused(request, code::INVALID_PARAMS, "the cursor is none that this list has given"),
        }
    }

    pub(super) async fn call_tool(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        self.by_name(view, request, "tool", View::tool).await
    }

    pub(super) async fn get_prompt(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        self.by_name(view, request, "prompt", View::prompt).await
    }

    /// Sends a request to the server whose item it names, under the name that the item has there.
    async fn by_name(
        &self,
        mut view: Arc<View>,
        request: Request,
        what: &str,
        find: for<'v> fn(&'v View, &str) -> Option<&'v Named>,
    ) -> Result<Reply, SendError> {
        let message = request.message();
        let Some(at) = message.find(&["params", "name"]).ok().flatten() else {
            return Ok(refused(&request, code::INVALID_PARAMS, "the request must name one thing, by a string"));
        };
        let raw = std::str::from_utf8(&message.text()[at.clone()]).ok();
        let Some(name) = raw.and_then(field::unescape) else {
            return Ok(refused(&request, code::INVALID_PARAMS, "the name must be a string"));
        };
        if find(&view, &name).is_none() {
            // Its server may just be starting.
            if let Some(hub) = self.hub.upgrade() {
                hub.awaited(self.era, &self.sight).await;
            }
            view = self.view().unwrap_or(view);
        }
        let Some(named) = find(&view, &name) else {
            return Ok(refused(&request, code::INVALID_PARAMS, &format!("Unknown {what}: {name}")));
        };
        let (to, is_repeatable) = (named.member, named.is_repeatable && !is_continued(&request));
        let mut message = if *named.own == *name {
            message.clone()
        } else {
            message.spliced(&[Edit { at, with: &quote(&named.own) }])
        };
        if let Some(rule) = &named.rule {
            message = arguments::fitted(&message, rule);
        }
        let request = request.with_message(message);
        self.send(Errand { view, to, request, is_repeatable, subscription: None }).await
    }
}

/// Whether a request carries answers to what its server has asked, which are not given twice.
fn is_continued(request: &Request) -> bool {
    request.caller().era() == Era::Modern && InputResponses::are_in(request.message())
}
