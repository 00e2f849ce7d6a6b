//! Shapes of what has a table of its own, or more than one form.

use super::{Json, Members, any_of, map_of, members, of_type, table};
use crate::key::{BLOCK, GROUP, KEY, PARAMETER, PLAIN, RETRIES, RETRY, TOOL};

pub(crate) fn texts() -> Members {
    members([("type", "array".into()), ("items", of_type("string").into())])
}

pub(crate) fn commands() -> Members {
    members([("type", "array".into()), ("items", any_of([of_type("string"), texts()]).into())])
}

pub(crate) fn groups() -> Members {
    map_of(table(&GROUP))
}

pub(crate) fn keys() -> Members {
    let mut whole = table(&KEY);
    whole.push(("required".to_owned(), Json::Array(vec!["key".into()])));
    map_of(any_of([of_type("string"), whole]))
}

pub(crate) fn retry() -> Members {
    any_of([table(&RETRY), of_type("boolean"), off()])
}

pub(crate) fn retries() -> Members {
    any_of([table(&RETRIES), of_type("boolean"), off()])
}

pub(crate) fn block() -> Members {
    table(&BLOCK)
}

pub(crate) fn state() -> Members {
    any_of([of_type("string"), members([("const", Json::Bool(false))])])
}

pub(crate) fn tools() -> Members {
    any_of([map_of(table(&TOOL)), texts()])
}

pub(crate) fn plain_items() -> Members {
    map_of(table(&PLAIN))
}

pub(crate) fn parameters() -> Members {
    map_of(table(&PARAMETER))
}

fn off() -> Members {
    members([("const", "off".into())])
}
