//! Leads requests about tasks to the servers whose tasks they are.

use std::sync::Arc;

use futures::{StreamExt, stream};
use mcp_jsonrpc::{Edit, Message, field, quote};
use mcp_protocol::{
    ClientCapabilities, ClientCapability, Era, ServerCapability, TASK_ID_PATH, TaskPage, code, method, task_id,
};
use mcp_transport::{Caller, Reply, Request, SendError};
use tokio::time::timeout;

use super::{Face, PATIENCE, answered, id, refused, send::Errand};
use crate::{
    task::{handed_back, may_name_one, read_cursor, shown, shown_in_list, unprefixed, write_cursor},
    view::{Found, View},
};

/// Servers that are asked at the same time for their tasks.
const ASKED: usize = 16;

impl Face {
    /// Sends a request about one task to its server, under the id that it has there.
    pub(super) async fn task(&self, mut view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        let has = match self.era {
            Era::Legacy => ServerCapability::CoreTasks,
            Era::Modern => ServerCapability::TasksExtension,
        };
        if view.is_single {
            return self.other(&view, request).await;
        }
        let id = task_id(request.message().params().unwrap_or("{}")).ok();
        if id.as_ref().is_none_or(|id| view.task(id).is_none()) {
            view = self.awaited(view).await;
        }
        if !view.has(has) {
            return self.other(&view, request).await;
        }
        if let Some(refusal) = self.without_tasks(&request) {
            return Ok(refusal);
        }
        let Some(id) = id else {
            let text = "the request must name one task, by a `taskId` that is a string";
            return Ok(refused(&request, code::INVALID_PARAMS, text));
        };
        let Some(Found { member, own }) = view.task(&id) else {
            return Ok(refused(&request, code::INVALID_PARAMS, &format!("Task not found: {id}")));
        };
        let message = request.message();
        let Ok(Some(at)) = message.find(&TASK_ID_PATH) else {
            return Ok(refused(&request, code::INVALID_PARAMS, "the request must name one task"));
        };
        let message = message.spliced(&[Edit { at, with: &quote(&own) }]);
        let is_repeatable = method::is_idempotent(request.method());
        let request = request.clone().with_message(message);
        self.send(Errand { is_repeatable, ..Errand::repeatable(&view, member, request) }).await
    }

    /// A page of each server's tasks, joined. A server that fails, or is slow, is left out.
    pub(super) async fn list_tasks(&self, view: Arc<View>, request: Request) -> Result<Reply, SendError> {
        if view.is_single || self.era == Era::Modern {
            return self.other(&view, request).await;
        }
        let view = self.awaited(view).await;
        let able = |at: &usize| view.members[*at].listing.capabilities.has(ServerCapability::TasksList);
        let all: Vec<usize> = (0..view.members.len()).filter(able).collect();
        if all.is_empty() {
            return self.other(&view, request).await;
        }
        let message = request.message();
        let cursor = message.find(&["params", "cursor"]).ok().flatten();
        let raw = cursor.clone().and_then(|at| std::str::from_utf8(&message.text()[at]).ok());
        let asked: Vec<(usize, Message)> = match (raw, cursor) {
            (Some(raw), Some(at)) if raw != "null" => {
                let Some(next) = field::unescape(raw).and_then(|cursor| read_cursor(&cursor)) else {
                    let text = "the cursor is none that this list has given";
                    return Ok(refused(&request, code::INVALID_PARAMS, text));
                };
                let to = |(server, own): &(String, String)| {
                    let to = view.member(server).filter(able)?;
                    Some((to, message.spliced(&[Edit { at: at.clone(), with: &quote(own) }])))
                };
                next.iter().filter_map(to).collect()
            }
            _ => all.into_iter().map(|to| (to, message.clone())).collect(),
        };
        let count = asked.len();
        let ask = |(to, message)| self.tasks_of(&view, to, request.clone().with_message(message));
        let pages: Vec<_> = stream::iter(asked).map(ask).buffered(ASKED).filter_map(std::future::ready).collect().await;
        if pages.is_empty() && 0 < count {
            return Ok(refused(&request, code::SERVER_ERROR, "none of the servers has listed its tasks"));
        }
        let (mut tasks, mut next) = (Vec::new(), Vec::new());
        for (to, page) in &pages {
            let server = &**view.members[*to].member.name();
            // Read before; what was not is not among the pages.
            let Ok(page) = TaskPage::read(page.result().unwrap_or_default()) else { continue };
            tasks.extend(page.tasks.iter().map(|task| shown_in_list(task, server)));
            next.extend(page.next_cursor.map(|cursor| (server, cursor.into_owned())));
        }
        let next = (!next.is_empty()).then(|| write_cursor(&next));
        Ok(answered(&request, &TaskPage::write(&tasks, next.as_deref())))
    }

    /// A page of one server's tasks; `None` if it does not give it in time.
    async fn tasks_of(&self, view: &View, to: usize, request: Request) -> Option<(usize, Message)> {
        let patience = self.hub.upgrade().map_or(PATIENCE, |hub| hub.options().deadline);
        let asked = async {
            let (reply, _) = self.send_once(&view.members[to].member, request).await.ok()?;
            let response = reply.response().await.ok()?;
            TaskPage::read(response.result()?).is_ok().then_some((to, response))
        };
        timeout(patience, asked).await.ok()?
    }

    /// What the client sees once the servers that are starting are there.
    async fn awaited(&self, view: Arc<View>) -> Arc<View> {
        if let Some(hub) = self.hub.upgrade() {
            hub.awaited(self.era, &self.sight).await;
        }
        self.view().unwrap_or(view)
    }

    /// The refusal of a modern request about tasks of a client that has not said that it knows them.
    pub(super) fn without_tasks(&self, request: &Request) -> Option<Reply> {
        let needed = ClientCapability::TasksExtension;
        if self.era == Era::Legacy || can(request.caller(), needed) {
            return None;
        }
        let text = "the client has not declared the tasks extension";
        let (code, data) = (code::MISSING_CLIENT_CAPABILITY, needed.missing_data());
        Some(Reply::ready(Message::error_response(Some(&id(request)), code, text, Some(&data))))
    }

    /// What a server says outside of calls, with the ids of its tasks as the client knows them.
    pub(super) fn with_task_ids(&self, server: &str, event: Message) -> Message {
        if !may_name_one(&event) || self.view().is_none_or(|view| view.is_single) {
            return event;
        }
        shown(event, server, None)
    }

    /// What the client says in answer or by the way, with the ids of tasks as their servers know them.
    pub(super) fn with_own_task_ids(&self, message: Message) -> Message {
        let Some(view) = Some(&message).filter(|it| may_name_one(it)).and_then(|_| self.view()) else { return message };
        if view.is_single {
            return message;
        }
        handed_back(message, |server| view.member(server).is_some())
    }
}

impl View {
    /// Whose task that is, and its id there. One server alone gives its ids itself.
    pub(super) fn task(&self, id: &str) -> Option<Found> {
        if self.is_single {
            return (self.members.len() == 1).then(|| Found { member: 0, own: id.into() });
        }
        let (server, own) = unprefixed(id)?;
        Some(Found { member: self.member(&server)?, own: own.into() })
    }

    /// Whether any of the servers can do something.
    fn has(&self, capability: ServerCapability) -> bool {
        self.members.iter().any(|seen| seen.listing.capabilities.has(capability))
    }
}

fn can(caller: &Caller, capability: ClientCapability) -> bool {
    ClientCapabilities::read(caller.capabilities()).is_ok_and(|can| can.has(capability))
}
