//! The JSON Schema of the configuration file.

use std::iter::once;

use mcp_proxy_core::Limits;

use crate::{
    LimitSetting,
    json::{Json, pretty},
    key::{Key, Kind, PROXY, SERVER, Scope, Table},
    limits::{LIMITS, Limit},
    value::{SIZE_PATTERN, TIME_PATTERN},
};

mod hub;

pub(crate) use hub::{block, commands, groups, keys, parameters, plain_items, retries, retry, state, texts, tools};

/// The members of an object.
pub(crate) type Members = Vec<(String, Json)>;

/// The JSON Schema (2020-12) of the configuration file, made of the tables that the file is read by.
///
/// It says nothing of keys that are not known, for they are no errors.
#[must_use]
pub fn schema() -> String {
    let mut schema = members([
        ("$schema", "https://json-schema.org/draft/2020-12/schema".into()),
        ("title", "Configuration of the MCP proxies".into()),
    ]);
    schema.extend(table(&PROXY));
    schema.extend(members([("$defs", members([("server", table(&SERVER).into())]).into())]));
    pretty(Json::Object(schema)) + "\n"
}

/// An object by its table.
fn table<T>(table: &Table<T>) -> Members {
    members([("type", "object".into()), ("properties", properties(table).into())])
}

/// Every key of a table and every synonym.
fn properties<T>(table: &Table<T>) -> Members {
    table
        .keys
        .iter()
        .flat_map(|key| {
            let synonym = |name: &&str| ((*name).to_owned(), property(key, &format!("The same as `{}`.", key.name)));
            once((key.name.to_owned(), property(key, key.about))).chain(key.synonyms.iter().map(synonym))
        })
        .collect()
}

fn property<T>(key: &Key<T>, about: &str) -> Json {
    let mut property = members([("description", about.into())]);
    property.extend(shape(&key.kind));
    if !key.default.is_empty() {
        let default = match key.kind {
            Kind::Bool(_) | Kind::LooseBool(_) => Json::Bool(key.default == "true"),
            Kind::Number(..) => Json::Number(key.default.to_owned()),
            _ => key.default.into(),
        };
        property.push(("default".to_owned(), default));
    }
    property.into()
}

fn shape<T>(kind: &Kind<T>) -> Members {
    match kind {
        Kind::Bool(_) => of_type("boolean"),
        Kind::LooseBool(_) => any_of([of_type("boolean"), pattern("^([Tt][Rr][Uu][Ee]|[Ff][Aa][Ll][Ss][Ee])$")]),
        Kind::Number(range, _) => integer(*range.start(), Some(*range.end())),
        Kind::Address(_) | Kind::Text(_) | Kind::Expanded(_) | Kind::Path(_) | Kind::Secret(_) | Kind::Type => {
            of_type("string")
        }
        Kind::Texts(_) | Kind::Arguments(_) | Kind::Patterns(_) => texts(),
        Kind::Separator(_) => pattern("^[A-Za-z0-9_-]{2,8}$"),
        Kind::Json(_) => Vec::new(),
        Kind::JsonObject(_) => of_type("object"),
        Kind::Own { shape, .. } => shape(),
        Kind::Secrets(_) => map_of(of_type("string")),
        Kind::Time(_) => pattern(TIME_PATTERN),
        Kind::Idle(_) => any_of([
            pattern(TIME_PATTERN),
            pattern("^(off|[0-9]+)$"),
            integer(0, None),
            members([("const", Json::Bool(false))]),
        ]),
        Kind::Choice(words, _) => {
            members([("enum", Json::Array(words.iter().map(|word| Json::from(*word)).collect()))])
        }
        Kind::Sources(_) => map_of(any_of(["header", "query"].map(|from| {
            members([
                ("properties", members([(from, of_type("string").into())]).into()),
                ("required", Json::Array(vec![from.into()])),
                ("maxProperties", Json::Number("1".to_owned())),
            ])
        }))),
        Kind::Limits(scope, _) => {
            let limits = LIMITS.iter().filter(|limit| *scope == Scope::Proxy || limit.per_server);
            let bounds: Members = limits.map(|limit| (limit.camel(), bound(limit))).collect();
            members([("type", "object".into()), ("properties", bounds.into())])
        }
        Kind::Servers(_) => map_of(members([("$ref", "#/$defs/server".into())])),
    }
}

fn bound(limit: &'static Limit) -> Json {
    let default = LimitSetting::of(limit, &mut Limits::default()).value();
    let mut bound = members([("description", limit.about.into())]);
    bound.extend(match (limit.is_count(), limit.is_time()) {
        (true, _) => integer(1, None),
        (_, true) => pattern(TIME_PATTERN),
        _ => pattern(SIZE_PATTERN),
    });
    bound.push(("default".to_owned(), if limit.is_count() { Json::Number(default) } else { Json::String(default) }));
    bound.into()
}

fn members<const N: usize>(members: [(&str, Json); N]) -> Members {
    members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

fn of_type(name: &str) -> Members {
    members([("type", name.into())])
}

fn pattern(pattern: &str) -> Members {
    members([("type", "string".into()), ("pattern", pattern.into())])
}

fn integer(least: u32, most: Option<u32>) -> Members {
    let mut integer = members([("type", "integer".into()), ("minimum", Json::Number(least.to_string()))]);
    integer.extend(most.map(|most| ("maximum".to_owned(), Json::Number(most.to_string()))));
    integer
}

fn map_of(value: Members) -> Members {
    members([("type", "object".into()), ("additionalProperties", value.into())])
}

fn any_of<const N: usize>(shapes: [Members; N]) -> Members {
    members([("anyOf", Json::Array(shapes.into_iter().map(Json::from).collect()))])
}

#[cfg(test)]
mod tests;
