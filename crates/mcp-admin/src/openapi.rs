//! The description of the interface: the paths from the table of routes, the shapes from `openapi/schemas.json`.

use std::{fmt::Write as _, sync::Arc};

use mcp_jsonrpc::quote;

use crate::{
    answer::{Answer, json_text},
    ask::Ask,
    login::CSRF_HEADER,
    route::{BASE, Gives, Needs, Route, Verb},
    routes::all,
    state::State,
};

/// The shapes, by name.
const SCHEMAS: &str = include_str!("openapi/schemas.json");

pub(crate) const ROUTES: &[Route] =
    &[Route::get("/openapi.json", "getDescription", "This description.", |state, ask| Box::pin(get(state, ask)))
        .public()
        .gives("Schema")];

async fn get(_: Arc<State>, _: Ask) -> Answer {
    Ok(json_text(http::StatusCode::OK, document()))
}

/// The whole document.
fn document() -> String {
    let mut paths: Vec<&str> = Vec::new();
    for route in all() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    let items: Vec<_> = paths.iter().map(|path| format!("{}:{{{}}}", quote(path), operations(path))).collect();
    format!(
        concat!(
            r#"{{"openapi":"3.1.0","info":{{"title":"mcp-hub admin","version":"{version}","description":"What the pages of a hub can do."}},"#,
            r#""servers":[{{"url":"{base}"}}],"paths":{{{paths}}},"components":{{"securitySchemes":{{"#,
            r#""login":{{"type":"apiKey","in":"cookie","name":"mcp-admin","description":"Set by POST /login; over https its name begins with __Host-."}},"#,
            r#""csrf":{{"type":"apiKey","in":"header","name":"{csrf}","description":"The csrfToken of GET /session."}}}},"schemas":{schemas}}}}}"#
        ),
        version = env!("CARGO_PKG_VERSION"),
        base = BASE,
        paths = items.join(","),
        csrf = CSRF_HEADER,
        schemas = SCHEMAS.trim(),
    )
}

fn operations(path: &str) -> String {
    let operations: Vec<_> = all().filter(|route| route.path == path).map(operation).collect();
    operations.join(",")
}

fn operation(route: &Route) -> String {
    let verb = match route.verb {
        Verb::Get => "get",
        Verb::Post => "post",
        Verb::Put => "put",
        Verb::Delete => "delete",
    };
    let security = match route.needs {
        Needs::Public => "[]",
        Needs::Read | Needs::Socket => r#"[{"login":[]}]"#,
        Needs::Write => r#"[{"login":[],"csrf":[]}]"#,
    };
    let mut text = format!(
        r#""{verb}":{{"operationId":{},"summary":{},"security":{security}"#,
        quote(route.id),
        quote(route.summary)
    );
    let params: Vec<_> = route
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| format!(r#"{{"name":"{name}","in":"path","required":true,"schema":{{"type":"string"}}}}"#))
        .chain(
            route.query.iter().map(|name| format!(r#"{{"name":"{name}","in":"query","schema":{{"type":"string"}}}}"#)),
        )
        .collect();
    // Writing into a string has no way to fail.
    if !params.is_empty() {
        let _ = write!(text, r#","parameters":[{}]"#, params.join(","));
    }
    if let Some(schema) = route.body {
        let _ = write!(text, r#","requestBody":{{"required":true,"content":{}}}"#, content(schema));
    }
    let good = match route.gives {
        Gives::Json(schema) => {
            format!(r#""200":{{"description":"Done.","content":{}}}"#, content(schema))
        }
        Gives::Events(names) => format!(
            r#""200":{{"description":{},"content":{{"text/event-stream":{{"schema":{{"type":"string"}}}}}}}}"#,
            quote(&format!("Events: {names}."))
        ),
        Gives::Nothing => r#""204":{"description":"Done."}"#.to_owned(),
        Gives::Socket => r#""101":{"description":"A WebSocket."}"#.to_owned(),
    };
    let _ = write!(
        text,
        r#","responses":{{{good},"default":{{"description":"Why not.","content":{}}}}}}}"#,
        content("Error")
    );
    text
}

fn content(schema: &str) -> String {
    format!(r##"{{"application/json":{{"schema":{{"$ref":"#/components/schemas/{schema}"}}}}}}"##)
}

#[cfg(test)]
#[expect(clippy::disallowed_types, reason = "a test looks at the document as a tree")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use serde_json::Value;

    use super::*;

    #[test]
    fn every_route_has_its_place_and_every_shape_is_there() {
        let document: Value = serde_json::from_str(&document()).unwrap();
        let schemas: BTreeMap<String, Value> =
            serde_json::from_value(document["components"]["schemas"].clone()).unwrap();
        let mut used = BTreeSet::from(["Error".to_owned()]);
        for route in all() {
            let verb = route.verb.method().as_str().to_ascii_lowercase();
            let operation = &document["paths"][route.path][&verb];
            assert_eq!(operation["operationId"], route.id, "{} {}", verb, route.path);
            used.extend(route.body.map(str::to_owned));
            if let Gives::Json(schema) = route.gives {
                used.insert(schema.to_owned());
            }
        }
        // What shapes are made of.
        let inner = SCHEMAS.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split('"').next());
        used.extend(inner.map(str::to_owned));
        let known: BTreeSet<_> = schemas.keys().cloned().collect();
        assert_eq!(used.difference(&known).collect::<Vec<_>>(), [""; 0], "shapes that are missing");
        assert_eq!(known.difference(&used).collect::<Vec<_>>(), [""; 0], "shapes that nothing has");
    }

    #[test]
    fn no_two_routes_are_called_the_same_or_hide_each_other() {
        let ids: BTreeSet<_> = all().map(|route| route.id).collect();
        assert_eq!(ids.len(), all().count());
        let places: BTreeSet<_> = all().map(|route| (route.verb.method().to_string(), route.path)).collect();
        assert_eq!(places.len(), all().count());
    }
}
