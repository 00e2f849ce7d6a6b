//! Which method and path lead where.

use http::Method;
use mcp_protocol::method;

use crate::{DocsFile, segment};

/// What a request of the REST surface is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Route {
    /// `GET /api/list-servers`
    Servers,
    /// `GET /openapi.json`
    Document,
    /// `GET /docs`, and the two files that the page loads, next to either page.
    Docs(DocsFile),
    /// Something of one server; whether there is a server of that name is for the caller to find out.
    Server {
        /// The name of the server, decoded.
        server: String,
        /// What of it.
        action: Action,
    },
}

/// What a request wants of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// `POST /api/mcp/{server}/initialize`
    Initialize,
    /// `GET /api/mcp/{server}/tools`
    Tools,
    /// `POST /api/mcp/{server}/tools/{tool}/execute`
    Call {
        /// The name of the tool.
        tool: String,
    },
    /// `POST /{server}/{tool}`
    ShortCall {
        /// The name of the tool.
        tool: String,
    },
    /// `GET /api/mcp/{server}/resources`
    Resources,
    /// `GET /api/mcp/{server}/resources/templates`
    ResourceTemplates,
    /// `GET /api/mcp/{server}/resources/read`
    ReadResource,
    /// `GET /api/mcp/{server}/prompts`
    Prompts,
    /// `POST /api/mcp/{server}/prompts/{name}`
    Prompt {
        /// The name of the prompt.
        prompt: String,
    },
    /// `POST /api/mcp/{server}/complete`
    Complete,
    /// `POST /api/mcp/{server}/input`
    Input,
    /// `GET /api/mcp/{server}/calls/{id}`
    Outcome {
        /// The id of a call that was answered with 202.
        call: String,
    },
    /// `DELETE /api/mcp/{server}/calls/{id}`
    Cancel {
        /// The id of a call that was answered with 202.
        call: String,
    },
    /// `GET /api/mcp/{server}/openapi.json`
    Document,
    /// `GET /{server}/openapi.json`
    ShortDocument,
    /// `GET /{server}/docs`
    ShortDocs,
}

/// Why nothing answers a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoRoute {
    /// There is nothing at this path, or an escape in it is broken.
    #[error("there is nothing at this path; /openapi.json lists what there is")]
    Unknown,
    /// There is something, for other methods.
    #[error("the method here is {allowed}")]
    WrongMethod {
        /// The methods, as the header `Allow` has them.
        allowed: &'static str,
    },
}

impl Route {
    /// Finds the route. Segments are percent-decoded (see [`segment`]), a slash at the end makes no difference.
    ///
    /// # Errors
    ///
    /// Says whether the path is unknown or only the method is wrong.
    pub fn find(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let path = path.strip_prefix('/').ok_or(NoRoute::Unknown)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Option<Vec<String>> = path.split('/').map(segment::decode).collect();
        let segments = segments.ok_or(NoRoute::Unknown)?;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        at(&segments).ok_or(NoRoute::Unknown)?.pick(method)
    }
}

/// Last segments under which a server speaks MCP itself: no tool is there.
pub(crate) const ENDPOINTS: [&str; 4] = ["mcp", "sse", "message", "messages"];
/// First segments that are no server.
const OWN: [&str; 3] = ["api", "docs", "openapi.json"];

/// What stands at a path.
fn at(segments: &[&str]) -> Option<At> {
    match segments {
        ["openapi.json"] => Some(get(Route::Document)),
        ["docs"] => Some(get(Route::Docs(DocsFile::Page))),
        ["docs", file] => Some(get(Route::Docs(DocsFile::named(file)?))),
        ["api", "list-servers"] => Some(get(Route::Servers)),
        ["api", "mcp", server, rest @ ..] => below(server, rest),
        [first, ..] if OWN.contains(first) => None,
        [server, "openapi.json"] => {
            Some(At { post: Some(short_call(server, "openapi.json")), ..get(of(server, Action::ShortDocument)) })
        }
        [server, "docs"] => Some(At { post: Some(short_call(server, "docs")), ..get(of(server, Action::ShortDocs)) }),
        [_, "docs", file] => Some(get(Route::Docs(DocsFile::named(file)?))),
        [_, last] if ENDPOINTS.contains(last) => None,
        [server, tool] => Some(post(short_call(server, tool))),
        _ => None,
    }
}

/// What stands below `/api/mcp/{server}`.
fn below(server: &str, rest: &[&str]) -> Option<At> {
    let of = |action| of(server, action);
    Some(match rest {
        [method::INITIALIZE] => post(of(Action::Initialize)),
        ["tools"] => get(of(Action::Tools)),
        ["tools", tool, "execute"] => post(of(Action::Call { tool: (*tool).to_owned() })),
        ["resources"] => get(of(Action::Resources)),
        ["resources", "templates"] => get(of(Action::ResourceTemplates)),
        ["resources", "read"] => get(of(Action::ReadResource)),
        ["prompts"] => get(of(Action::Prompts)),
        ["prompts", prompt] => post(of(Action::Prompt { prompt: (*prompt).to_owned() })),
        ["complete"] => post(of(Action::Complete)),
        ["input"] => post(of(Action::Input)),
        ["calls", call] => {
            let call = (*call).to_owned();
            At { delete: Some(of(Action::Cancel { call: call.clone() })), ..get(of(Action::Outcome { call })) }
        }
        ["openapi.json"] => get(of(Action::Document)),
        _ => return None,
    })
}

fn of(server: &str, action: Action) -> Route {
    Route::Server { server: server.to_owned(), action }
}

fn short_call(server: &str, tool: &str) -> Route {
    of(server, Action::ShortCall { tool: tool.to_owned() })
}

/// The routes of one path.
#[derive(Default)]
struct At {
    get: Option<Route>,
    post: Option<Route>,
    delete: Option<Route>,
}

fn get(route: Route) -> At {
    At { get: Some(route), ..At::default() }
}

fn post(route: Route) -> At {
    At { post: Some(route), ..At::default() }
}

impl At {
    fn pick(self, method: &Method) -> Result<Route, NoRoute> {
        let allowed = match (&self.get, &self.post, &self.delete) {
            (Some(_), Some(_), _) => "GET, POST",
            (Some(_), _, Some(_)) => "GET, DELETE",
            (Some(_), ..) => "GET",
            _ => "POST",
        };
        let route = match *method {
            Method::GET => self.get,
            Method::POST => self.post,
            Method::DELETE => self.delete,
            _ => None,
        };
        route.ok_or(NoRoute::WrongMethod { allowed })
    }
}

#[cfg(test)]
mod tests;
