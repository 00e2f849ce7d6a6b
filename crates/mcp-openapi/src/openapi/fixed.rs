//! The operations that there are whatever the servers offer.

use mcp_protocol::method;

use super::operation::{Kind, answer, body, component, parameters, responses};
use crate::object::Object;

/// The components `schemas` and `parameters` that operations use, written.
pub(super) const SCHEMAS: &str = include_str!("schemas.json");
pub(super) const PARAMETERS: &str = include_str!("parameters.json");
/// What these operations are tagged with. No server can be called that.
pub(super) const TAG: &str = "mcp";

/// One operation.
struct Fixed {
    method: &'static str,
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    /// The schema of the body.
    body: Option<&'static str>,
    /// The schema of the answer; without one it is 204.
    answer: Option<&'static str>,
    /// A media type that the answer may have beside JSON.
    also: Option<&'static str>,
    kind: Kind,
}

const SESSION: &[&str] = &["server", "init", "sessionId"];
const LIST: &[&str] = &["server", "cursor", "init", "sessionId"];

/// All of them; those of one path stand in a row.
const FIXED: [Fixed; 13] = [
    get("/health", "health", "Tells whether the proxy is alive", &[], "Health", Kind::Own),
    get("/api/list-servers", "list_servers", "Lists the servers", &[], "ServerList", Kind::Own),
    Fixed {
        method: "post",
        ..get(
            "/api/mcp/{server}/initialize",
            method::INITIALIZE,
            "Opens a session with a server",
            &["server"],
            "Handshake",
            Kind::Ready,
        )
    },
    get("/api/mcp/{server}/tools", "list_tools", "Lists the tools of a server", LIST, "ToolList", Kind::Ready),
    get(
        "/api/mcp/{server}/resources",
        "list_resources",
        "Lists the resources of a server",
        LIST,
        "ResourceList",
        Kind::Ready,
    ),
    get(
        "/api/mcp/{server}/resources/templates",
        "list_resource_templates",
        "Lists the templates of resources of a server",
        LIST,
        "ResourceTemplateList",
        Kind::Ready,
    ),
    Fixed {
        also: Some("*/*"),
        ..get(
            "/api/mcp/{server}/resources/read",
            "read_resource",
            "Reads a resource",
            &["server", "uri", "raw", "init", "sessionId", "notifications", "prefer"],
            "ResourceContents",
            Kind::Work,
        )
    },
    get("/api/mcp/{server}/prompts", "list_prompts", "Lists the prompts of a server", LIST, "PromptList", Kind::Ready),
    Fixed {
        method: "post",
        body: Some("PromptArguments"),
        ..get(
            "/api/mcp/{server}/prompts/{name}",
            "get_prompt",
            "Fills in a prompt",
            &["server", "prompt", "init", "sessionId", "notifications", "prefer"],
            "PromptResult",
            Kind::Work,
        )
    },
    Fixed {
        method: "post",
        body: Some("CompletionRequest"),
        ..get(
            "/api/mcp/{server}/complete",
            "complete",
            "Completes an argument of a prompt or of a template",
            SESSION,
            "Completion",
            Kind::Ready,
        )
    },
    get(
        "/api/mcp/{server}/calls/{id}",
        "get_call",
        "Asks for the result of a call that was answered with 202",
        &["server", "call"],
        "Result",
        Kind::Later,
    ),
    Fixed {
        method: "delete",
        answer: None,
        ..get(
            "/api/mcp/{server}/calls/{id}",
            "cancel_call",
            "Cancels a call that was answered with 202",
            &["server", "call"],
            "Result",
            Kind::Ready,
        )
    },
    Fixed {
        method: "post",
        body: Some("InputAnswers"),
        ..get(
            "/api/mcp/{server}/input",
            "answer_input",
            "Answers what a server asked, and goes on with the call",
            &["server"],
            "Result",
            Kind::Later,
        )
    },
];

/// An operation of the commonest form.
const fn get(
    path: &'static str,
    id: &'static str,
    summary: &'static str,
    parameters: &'static [&'static str],
    answer: &'static str,
    kind: Kind,
) -> Fixed {
    Fixed { method: "get", path, id, summary, parameters, body: None, answer: Some(answer), also: None, kind }
}

/// Every path, and JSON text of what stands there.
pub(super) fn paths() -> impl Iterator<Item = (&'static str, String)> {
    FIXED.chunk_by(|one, next| one.path == next.path).map(|operations| {
        let item = operations.iter().fold(Object::new(), |item, fixed| item.with(fixed.method, &fixed.write()));
        (operations[0].path, item.end())
    })
}

/// The names of the operations, which no tool's may take.
pub(super) fn ids() -> impl Iterator<Item = &'static str> {
    FIXED.iter().map(|fixed| fixed.id)
}

impl Fixed {
    fn write(&self) -> String {
        let good = match self.answer {
            Some(schema) => ("200", answer(&component(schema), self.kind, self.also)),
            None => ("204", r#"{"description":"Done."}"#.to_owned()),
        };
        // Whether the proxy is alive may be asked by anyone.
        let open = (self.path == "/health").then_some("[]");
        Object::new()
            .with_text("operationId", self.id)
            .with_text("summary", self.summary)
            .with("tags", &format!("[\"{TAG}\"]"))
            .with_some("security", open)
            .with("parameters", &parameters(self.parameters))
            .with_some("requestBody", self.body.map(|schema| body(&component(schema), true)).as_deref())
            .with("responses", &responses((good.0, &good.1), self.kind))
            .end()
    }
}

#[cfg(test)]
mod tests {
    use http::Method;

    use super::*;
    use crate::{Route, object::member, openapi::operation::COMPONENTS};

    #[test]
    fn each_operation_has_a_route() {
        let routed = FIXED.iter().filter(|fixed| fixed.path != "/health");
        for fixed in routed {
            let method = Method::from_bytes(fixed.method.to_ascii_uppercase().as_bytes()).unwrap();
            let path = fixed.path.replace('{', "a").replace('}', "");
            assert!(Route::find(&method, &path).is_ok(), "{method} {path}");
        }
    }

    #[test]
    fn what_operations_name_is_there() {
        let operations: String = FIXED.iter().map(Fixed::write).collect();
        let all = [&operations, SCHEMAS, COMPONENTS].concat();
        for reference in all.split("#/components/").skip(1) {
            let (kind, name) = reference.split('"').next().unwrap().split_once('/').unwrap();
            let text = match kind {
                "schemas" => SCHEMAS,
                "responses" => COMPONENTS,
                _ => PARAMETERS,
            };
            assert!(member(text, name).is_some() || name == "server", "{kind} {name}");
        }
    }
}
