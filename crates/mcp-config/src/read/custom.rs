//! The entry of a server whose transport somebody else has registered.

use jsonc_parser::ast::{Object, Value};
use mcp_proxy_core::jsonrpc::quote;

use super::Reader;

impl Reader<'_> {
    /// An object as JSON, without comments and with the variables in its strings expanded.
    /// Of its own keys only those count that `is_meant`.
    pub(super) fn json_object(&mut self, object: &Object<'_>, path: &str, is_meant: impl Fn(&str) -> bool) -> String {
        let properties =
            self.named(object, path).into_iter().filter(|(property, _)| is_meant(property.name.as_str())).map(
                |(property, path)| format!("{}:{}", quote(property.name.as_str()), self.json(&property.value, &path)),
            );
        format!("{{{}}}", properties.collect::<Vec<_>>().join(","))
    }

    /// A value as JSON.
    pub(super) fn json(&mut self, value: &Value<'_>, path: &str) -> String {
        match value {
            // Without its value the file is not used, so any will do.
            Value::StringLit(_) => quote(&self.expanded(value, path).unwrap_or_default()),
            Value::NumberLit(it) => it.value.to_owned(),
            Value::BooleanLit(it) => it.value.to_string(),
            Value::NullKeyword(_) => "null".to_owned(),
            Value::Object(object) => self.json_object(object, path, |_| true),
            Value::Array(array) => {
                let items = array.elements.iter().enumerate();
                let items = items.map(|(n, item)| self.json(item, &format!("{path}[{n}]")));
                format!("[{}]", items.collect::<Vec<_>>().join(","))
            }
        }
    }
}
