//! The OpenAPI documents.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::future::join_all;
use http::StatusCode;
use mcp_jsonrpc::field;
use mcp_openapi::{Document, Parameters, Prefer, ServerTools, ShortDocument};
use tokio::time::timeout;

use super::{
    Asking, Rest,
    catalogue::tools,
    reach::introduction,
    reply::{RestAnswer, json},
};
use crate::{
    front::{Front, head::Head},
    server::Server,
};

/// How long a server may take to list its tools; the document does not wait longer for any.
const PATIENCE: Duration = Duration::from_secs(10);

/// What a server says of itself and its tools.
struct Listed {
    name: Arc<str>,
    title: Option<String>,
    version: Option<String>,
    description: Option<String>,
    tools: Vec<String>,
}

/// The document of all servers. One that cannot be had has no tools in it.
pub(super) async fn of_all(front: &Arc<Front>, rest: &Arc<Rest>, head: &Head) -> RestAnswer {
    let servers = front.servers.now().to_vec();
    let listed = join_all(servers.iter().map(|server| list(front, rest, server, head))).await;
    written(front, &listed)
}

/// The document of one server.
pub(super) async fn of_one(asking: &Asking<'_>) -> RestAnswer {
    let listed = list(asking.front, asking.rest, asking.server, asking.head).await;
    written(asking.front, &[listed])
}

/// The document of one server in the short form.
pub(super) async fn short(asking: &Asking<'_>) -> RestAnswer {
    let listed = list(asking.front, asking.rest, asking.server, asking.head).await;
    let tools: Vec<_> = listed.tools.iter().map(String::as_str).collect();
    let base = base(asking.front);
    let document = ShortDocument { base, is_keyed: asking.front.is_keyed(), server: listed.about(&tools) };
    json(StatusCode::OK, document.write())
}

fn written(front: &Front, listed: &[Listed]) -> RestAnswer {
    let tools: Vec<Vec<&str>> = listed.iter().map(|server| server.tools.iter().map(String::as_str).collect()).collect();
    let servers: Vec<_> = listed.iter().zip(&tools).map(|(server, tools)| server.about(tools)).collect();
    let document = Document {
        title: "MCP servers as REST",
        version: env!("CARGO_PKG_VERSION"),
        base: base(front),
        is_keyed: front.is_keyed(),
        servers: &servers,
    };
    json(StatusCode::OK, document.write())
}

fn base(front: &Front) -> &str {
    front.public_url.as_deref().unwrap_or_default()
}

async fn list(front: &Arc<Front>, rest: &Arc<Rest>, server: &Arc<Server>, head: &Head) -> Listed {
    let (parameters, prefer) = (Parameters::default(), Prefer::default());
    let asking = Asking { front, rest, server, head, parameters, prefer, variables: BTreeMap::new() };
    let listing = async {
        let reached = asking.reach().await.ok()?;
        let handshake = introduction(&reached.connection.peer());
        Some((handshake, tools(&reached).await.unwrap_or_default()))
    };
    let (handshake, tools) = timeout(PATIENCE, listing).await.ok().flatten().unwrap_or_default();
    let said = |path: &[&str]| {
        let place = field::find(&handshake, path).ok()??;
        field::unescape(&handshake[place]).map(std::borrow::Cow::into_owned)
    };
    Listed {
        name: Arc::clone(server.name()),
        title: said(&["serverInfo", "title"]).or_else(|| said(&["serverInfo", "name"])),
        version: said(&["serverInfo", "version"]),
        description: said(&["instructions"]),
        tools,
    }
}

impl Listed {
    fn about<'a>(&'a self, tools: &'a [&'a str]) -> ServerTools<'a> {
        ServerTools {
            name: &self.name,
            title: self.title.as_deref(),
            version: self.version.as_deref(),
            description: self.description.as_deref(),
            tools,
        }
    }
}
