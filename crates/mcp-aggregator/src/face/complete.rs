//! Leads completions to the server whose prompt or template they are about.

use std::sync::Arc;

use mcp_jsonrpc::{Edit, field, quote};
use mcp_protocol::code;
use mcp_transport::{Reply, Request, SendError};

use super::{Face, refused, send::Errand};
use crate::view::View;

impl Face {
    pub(super) async fn complete(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let message = request.message();
        for member in ["name", "uri"] {
            let Some(at) = message.find(&["params", "ref", member]).ok().flatten() else { continue };
            let raw = std::str::from_utf8(&message.text()[at.clone()]).ok();
            let Some(reference) = raw.and_then(field::unescape) else { continue };
            let found = if member == "name" {
                view.prompt(&reference).map(|named| (named.member, named.own.clone()))
            } else {
                view.template(&reference).map(|found| (found.member, found.own))
            };
            let Some((to, own)) = found else {
                let text = format!("Unknown reference: {reference}");
                return Ok(refused(&request, code::INVALID_PARAMS, &text));
            };
            let message =
                if *own == *reference { message.clone() } else { message.spliced(&[Edit { at, with: &quote(&own) }]) };
            let request = request.clone().with_message(message);
            return self.send(Errand::repeatable(&view, to, request)).await;
        }
        Ok(refused(&request, code::INVALID_PARAMS, "the reference must name a prompt, or the URI of a resource"))
    }
}
