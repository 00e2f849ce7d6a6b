//! The parts that operations are made of: parameters, body, and the answers there may be.

use crate::object::Object;

/// The components `responses`, written.
pub(super) const COMPONENTS: &str = include_str!("responses.json");

/// What kind of request an operation is, which decides what it may be answered with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Asks the proxy itself.
    Own,
    /// Asks the server for something it has ready.
    Ready,
    /// Makes the server work: it may take long, and may ask something.
    Work,
    /// Goes on with such work.
    Later,
}

/// Status, the component that describes the answer, and which kinds of request have it.
const ERRORS: [(&str, &str, &[Kind]); 13] = [
    ("202", "Accepted", &[Kind::Work, Kind::Later]),
    ("400", "BadRequest", &[Kind::Ready, Kind::Work, Kind::Later]),
    ("401", "Unauthorized", &[Kind::Own, Kind::Ready, Kind::Work, Kind::Later]),
    ("403", "Forbidden", &[Kind::Own, Kind::Ready, Kind::Work, Kind::Later]),
    ("404", "NotFound", &[Kind::Ready, Kind::Work, Kind::Later]),
    ("409", "InputRequired", &[Kind::Work, Kind::Later]),
    ("410", "Gone", &[Kind::Later]),
    ("413", "TooLarge", &[Kind::Work, Kind::Later]),
    ("422", "ToolFailed", &[Kind::Work, Kind::Later]),
    ("502", "BadGateway", &[Kind::Ready, Kind::Work, Kind::Later]),
    ("503", "Unavailable", &[Kind::Ready, Kind::Work, Kind::Later]),
    ("504", "Timeout", &[Kind::Ready, Kind::Work, Kind::Later]),
    ("default", "Failed", &[Kind::Own, Kind::Ready, Kind::Work, Kind::Later]),
];

/// JSON text of the responses: `good` is status and JSON text of the one that is no error.
pub(super) fn responses(good: (&str, &str), kind: Kind) -> String {
    let errors = ERRORS.iter().filter(|(_, _, kinds)| kinds.contains(&kind));
    let all = errors.fold(Object::new().with(good.0, good.1), |all, (status, component, _)| {
        all.with(status, &format!(r##"{{"$ref":"#/components/responses/{component}"}}"##))
    });
    all.end()
}

/// JSON text of a good response that may come as JSON of this schema (JSON text), and as events if the server has to work.
pub(super) fn answer(schema: &str, kind: Kind, also: Option<&str>) -> String {
    let events = matches!(kind, Kind::Work | Kind::Later).then_some(r#"{"schema":{"type":"string"}}"#);
    let content = Object::new().with("application/json", &format!(r#"{{"schema":{schema}}}"#));
    let content = content.with_some("text/event-stream", events);
    let content = also.into_iter().fold(content, |content, media| content.with(media, r#"{"schema":{}}"#));
    Object::new().with_text("description", "The answer.").with("content", &content.end()).end()
}

/// JSON text of a schema that is a component.
pub(super) fn component(name: &str) -> String {
    format!(r##"{{"$ref":"#/components/schemas/{name}"}}"##)
}

/// JSON text of parameters that are components.
pub(super) fn parameters(names: &[&str]) -> String {
    let all: Vec<_> = names.iter().map(|name| format!(r##"{{"$ref":"#/components/parameters/{name}"}}"##)).collect();
    format!("[{}]", all.join(","))
}

/// JSON text of a body that is JSON of this schema (JSON text).
pub(super) fn body(schema: &str, is_required: bool) -> String {
    format!(r#"{{"required":{is_required},"content":{{"application/json":{{"schema":{schema}}}}}}}"#)
}
