//! Which arguments of a server's tools are repeated in headers.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use http::HeaderName;
use mcp_jsonrpc::{Id, Message};
use mcp_protocol::{
    Envelope, ListKind, ListPage, MirrorError, ParamHeaders, Revision, header, mirrored_name, modern_list_params,
};
use mcp_transport::{Caller, Connection, Partition, Request};
use mcp_transport_http::server::RequestHead;
use tokio::time::{Instant, timeout};

/// Which arguments of the tools of one server are repeated in headers, in the modern era. The server is asked for its tools
/// with the first call of one, and again once they may be others; what it cannot say is taken for nothing.
#[derive(Debug, Default)]
pub(crate) struct ToolHeaders {
    /// By who sees them, where not all see the same.
    seen: Mutex<HashMap<Option<Partition>, Arc<Seen>>>,
    /// Grows whenever the tools may be others than they were.
    age: AtomicU64,
    is_dedicated: bool,
    /// Whether the server sees headers.
    is_remote: bool,
}

/// What those see who see the same.
#[derive(Debug, Default)]
struct Seen {
    table: Mutex<Option<Arc<Table>>>,
    /// Held by whoever asks the server: the others wait for the answer.
    turn: tokio::sync::Mutex<()>,
}

/// The tools of one list that want headers: nearly always none.
#[derive(Debug)]
pub(crate) struct Table {
    tools: HashMap<Box<str>, ParamHeaders>,
    age: u64,
    read: Instant,
    /// Whether the server gave its list.
    is_known: bool,
}

/// Lists that are kept. One more, and all are forgotten: they are quickly asked for again.
const KEPT: usize = 1024;
/// Pages of one list, and tools in all.
const MOST_PAGES: usize = 100;
const MOST_TOOLS: usize = 10_000;
/// How long a call waits for the list.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long a server that did not give its list is not asked for it again.
const PAUSE: Duration = Duration::from_secs(30);
/// A list of that age is read once more before a call is refused because of it.
const CURRENT: Duration = Duration::from_secs(1);

impl ToolHeaders {
    /// Of a server of which nothing is known yet.
    pub(crate) fn new(is_dedicated: bool, is_remote: bool) -> Self {
        Self { is_dedicated, is_remote, ..Self::default() }
    }

    /// Whether the server sees headers.
    pub(crate) fn go_out(&self) -> bool {
        self.is_remote
    }

    /// Notes that the tools may be others.
    pub(crate) fn outdate(&self) {
        self.age.fetch_add(1, Ordering::Relaxed);
    }

    /// Checks that the headers of a call repeat its arguments. Before it is refused, a list that is not quite new is read
    /// once more.
    pub(crate) async fn check(
        &self,
        connection: &dyn Connection,
        caller: &Arc<Caller>,
        call: &Message,
        head: RequestHead<'_>,
    ) -> Result<(), MirrorError> {
        let table = self.table(connection, caller).await;
        let Err(error) = table.check(call, head) else { return Ok(()) };
        if table.read.elapsed() < CURRENT {
            return Err(error);
        }
        Box::pin(self.renewed(connection, caller, &table)).await.check(call, head)
    }

    /// The tools as they are now, as far as is known.
    pub(crate) async fn table(&self, connection: &dyn Connection, caller: &Arc<Caller>) -> Arc<Table> {
        let seen = self.seen_by(caller);
        match self.current(&seen) {
            Some(table) => table,
            // Boxed, for it is rare, and every call would carry its size.
            None => Box::pin(self.read(&seen, connection, caller, None)).await,
        }
    }

    /// The tools read anew, unless somebody else has done so since `before` was read. If they cannot be, those stand.
    pub(crate) async fn renewed(
        &self,
        connection: &dyn Connection,
        caller: &Arc<Caller>,
        before: &Arc<Table>,
    ) -> Arc<Table> {
        self.read(&self.seen_by(caller), connection, caller, Some(before)).await
    }

    async fn read(
        &self,
        seen: &Seen,
        connection: &dyn Connection,
        caller: &Arc<Caller>,
        before: Option<&Arc<Table>>,
    ) -> Arc<Table> {
        let _turn = seen.turn.lock().await;
        if let Some(table) = self.current(seen)
            && before.is_none_or(|before| !Arc::ptr_eq(before, &table))
        {
            return table;
        }
        // Before the list is asked for: what changes after that makes it an old one.
        let age = self.age.load(Ordering::Relaxed);
        let tools = timeout(PATIENCE, tools(connection, caller)).await.ok().flatten();
        let is_known = tools.is_some();
        if let Some(before) = before.filter(|_| !is_known) {
            return Arc::clone(before);
        }
        let table = Arc::new(Table { tools: tools.unwrap_or_default(), age, read: Instant::now(), is_known });
        *lock(&seen.table) = Some(Arc::clone(&table));
        table
    }

    fn current(&self, seen: &Seen) -> Option<Arc<Table>> {
        let age = self.age.load(Ordering::Relaxed);
        let is_current = |table: &&Arc<Table>| {
            if table.is_known { table.age == age } else { table.read.elapsed() < PAUSE }
        };
        lock(&seen.table).as_ref().filter(is_current).cloned()
    }

    /// What `caller` sees: what everybody does, unless the server can tell callers apart.
    fn seen_by(&self, caller: &Caller) -> Arc<Seen> {
        let is_told_apart = self.is_dedicated || caller.headers.keys().any(|name| !is_param(name));
        let key = is_told_apart.then(|| caller.partition());
        let mut all = lock(&self.seen);
        if let Some(seen) = all.get(&key) {
            return Arc::clone(seen);
        }
        if KEPT <= all.len() {
            all.clear();
        }
        Arc::clone(all.entry(key).or_default())
    }
}

impl Table {
    /// Which arguments of the tool that `call` names are repeated; `None` if none are.
    pub(crate) fn of(&self, call: &Message) -> Option<&ParamHeaders> {
        if self.tools.is_empty() {
            return None;
        }
        self.tools.get(&*mirrored_name(call).ok()??)
    }

    fn check(&self, call: &Message, head: RequestHead<'_>) -> Result<(), MirrorError> {
        self.of(call).map_or(Ok(()), |headers| headers.check_call(call, |name| head.field(name)))
    }
}

/// Whether a header repeats an argument.
fn is_param(name: &HeaderName) -> bool {
    name.as_str().starts_with(header::PARAM_PREFIX)
}

/// The tools of a server that want headers; `None` if it cannot list its tools.
async fn tools(connection: &dyn Connection, caller: &Arc<Caller>) -> Option<HashMap<Box<str>, ParamHeaders>> {
    let mut headers = caller.headers.clone();
    caller.headers.keys().filter(|name| is_param(name)).for_each(|name| drop(headers.remove(name)));
    let caller = Arc::new(Caller { headers, ..(**caller).clone() });
    let envelope = Envelope {
        version: Revision::LATEST,
        capabilities: caller.capabilities(),
        client_info: caller.client.as_ref().map(|client| &*client.info),
        log_level: None,
    };
    let (mut tools, mut count, mut cursor) = (HashMap::new(), 0, None::<String>);
    for _ in 0..MOST_PAGES {
        let params = modern_list_params(cursor.as_deref(), &envelope);
        let message = Message::request(&Id::from(1), ListKind::Tools.method(), Some(&params));
        let request = Request::new(message, Arc::clone(&caller)).ok()?;
        let response = connection.call(request).await.ok()?.response().await.ok()?;
        let page = ListPage::read(ListKind::Tools, response.result()?).ok()?;
        count += page.items.len();
        for &item in &page.items {
            let Some(name) = ListKind::Tools.key_of(item) else { continue };
            match ParamHeaders::of_tool(item) {
                Ok(headers) if headers.is_empty() => {}
                Ok(headers) => drop(tools.insert(name.into(), headers)),
                Err(error) => {
                    tracing::debug!(tool = &*name, "the headers of the tool's calls are not looked at: {error}");
                }
            }
        }
        cursor = page.next_cursor.map(std::borrow::Cow::into_owned);
        if cursor.is_none() || MOST_TOOLS <= count {
            break;
        }
    }
    Some(tools)
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
