//! Reads a value as its key wants it.

use std::{collections::BTreeMap, fmt};

use jsonc_parser::{ast::Value, common::Ranged};
use mcp_proxy_core::{
    aggregator::{Naming, Pattern},
    transport::Secret,
};

use super::Reader;
use crate::{
    AddressError, IdleTimeout, LimitSetting,
    expand::expand,
    key::{Kind, Scope},
    limits::{LIMITS, Limit},
    parse_address,
    value::{TimeError, parse_time},
};

impl Reader<'_> {
    pub(super) fn value<T>(&mut self, value: &Value<'_>, path: &str, kind: &Kind<T>, into: &mut T) {
        match kind {
            Kind::Bool(place) => *place(into) = self.bool(value, path),
            Kind::LooseBool(place) => *place(into) = self.loose_bool(value, path),
            Kind::Number(range, set) => {
                let number = number(value).and_then(|number| number.parse().ok()).filter(|n| range.contains(n));
                let must = format_args!("a whole number from {} to {}", range.start(), range.end());
                if let Some(number) = self.must_be(number, value, path, must) {
                    set(into, number);
                }
            }
            Kind::Address(place) => {
                let address = value.as_string_lit().map_or(Err(AddressError), |text| parse_address(&text.value));
                *place(into) = self.told(address, value.start(), path);
            }
            Kind::Text(place) => *place(into) = self.text(value, path),
            Kind::Type => drop(self.text(value, path)),
            Kind::Texts(place) => *place(into) = self.list(value, path, Self::text),
            Kind::Expanded(place) => *place(into) = self.expanded(value, path),
            Kind::Arguments(place) => *place(into) = self.list(value, path, Self::expanded),
            Kind::Path(place) => *place(into) = self.expanded(value, path).map(Into::into),
            Kind::Secret(place) => *place(into) = self.expanded(value, path).map(Secret::new),
            Kind::Secrets(place) => *place(into) = self.secrets(value, path),
            Kind::Time(place) => {
                let time = value.as_string_lit().map_or(Err(TimeError), |text| parse_time(&text.value));
                *place(into) = self.told(time, value.start(), path);
            }
            Kind::Idle(place) => *place(into) = self.idle(value, path),
            Kind::Choice(words, set) => {
                let word = value.as_string_lit().filter(|word| words.contains(&&*word.value));
                if let Some(word) = self.must_be(word, value, path, format_args!("one of {}", words.join(", "))) {
                    set(into, &word.value);
                }
            }
            Kind::Sources(place) => *place(into) = self.sources(value, path),
            Kind::Patterns(place) => *place(into) = self.patterns(value, path),
            Kind::Separator(place) => {
                if let Some(text) = self.expanded(value, path) {
                    *place(into) = self.told(Naming::new(&text), value.start(), path);
                }
            }
            Kind::Json(place) => *place(into) = Some(self.json(value, path).into()),
            Kind::JsonObject(place) => {
                let object = self.must_be(value.as_object(), value, path, "an object");
                *place(into) = object.map(|object| self.json_object(object, path, |_| true).into());
            }
            Kind::Own { read, .. } => read(self, value, path, into),
            Kind::Limits(scope, place) => *place(into) = self.limits(value, path, *scope),
            Kind::Servers(place) => *place(into) = self.servers(value, path),
        }
    }

    /// What was read, or the error that says what it must be.
    pub(super) fn must_be<V>(
        &mut self,
        read: Option<V>,
        value: &Value<'_>,
        path: &str,
        what: impl fmt::Display,
    ) -> Option<V> {
        if read.is_none() {
            self.error(value.start(), path, format_args!("must be {what}"));
        }
        read
    }

    /// What was read, or the error as it says itself.
    pub(super) fn told<V>(&mut self, read: Result<V, impl fmt::Display>, at: usize, path: &str) -> Option<V> {
        read.map_err(|error| self.error(at, path, error)).ok()
    }

    fn bool(&mut self, value: &Value<'_>, path: &str) -> Option<bool> {
        self.must_be(value.as_boolean_lit().map(|it| it.value), value, path, "true or false, without quotes")
    }

    fn loose_bool(&mut self, value: &Value<'_>, path: &str) -> Option<bool> {
        match value.as_string_lit().map(|word| word.value.to_ascii_lowercase()).as_deref() {
            Some("true") => Some(true),
            Some("false") => Some(false),
            _ => self.bool(value, path),
        }
    }

    pub(super) fn text(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = self.must_be(value.as_string_lit(), value, path, "a string")?;
        Some(text.value.clone().into_owned())
    }

    pub(super) fn expanded(&mut self, value: &Value<'_>, path: &str) -> Option<String> {
        let text = self.must_be(value.as_string_lit(), value, path, "a string")?;
        self.told(expand(&text.value, self.lookup), value.start(), path)
    }

    pub(super) fn patterns(&mut self, value: &Value<'_>, path: &str) -> Option<Vec<Pattern>> {
        let texts = self.list(value, path, Self::text)?;
        Some(texts.into_iter().map(Pattern::new).collect())
    }

    pub(super) fn list<V>(
        &mut self,
        value: &Value<'_>,
        path: &str,
        item: fn(&mut Self, &Value<'_>, &str) -> Option<V>,
    ) -> Option<Vec<V>> {
        let array = self.must_be(value.as_array(), value, path, "a list, as in `[\"a\", \"b\"]`")?;
        let items = array.elements.iter().enumerate();
        Some(items.filter_map(|(n, value)| item(self, value, &format!("{path}[{n}]"))).collect())
    }

    fn secrets(&mut self, value: &Value<'_>, path: &str) -> Option<BTreeMap<String, Secret>> {
        let object = self.must_be(value.as_object(), value, path, "an object of strings")?;
        let mut secrets = BTreeMap::new();
        for (property, path) in self.named(object, path) {
            if let Some(secret) = self.expanded(&property.value, &path) {
                secrets.insert(property.name.as_str().to_owned(), Secret::new(secret));
            }
        }
        Some(secrets)
    }

    fn idle(&mut self, value: &Value<'_>, path: &str) -> Option<IdleTimeout> {
        let idle = match value {
            Value::BooleanLit(it) if !it.value => Ok(IdleTimeout::Never),
            Value::NumberLit(it) => IdleTimeout::parse_or_millis(it.value),
            Value::StringLit(it) => IdleTimeout::parse_or_millis(&it.value),
            _ => Err(TimeError),
        };
        self.told(idle, value.start(), path)
    }

    fn limits(&mut self, value: &Value<'_>, path: &str, scope: Scope) -> Vec<LimitSetting> {
        let Some(object) = self.must_be(value.as_object(), value, path, "an object") else { return Vec::new() };
        let mut settings: Vec<LimitSetting> = Vec::new();
        for (property, path) in self.named(object, path) {
            let Some(limit) = Limit::named(property.name.as_str()) else {
                let names: Vec<String> = LIMITS.iter().map(Limit::camel).collect();
                self.unknown(property, &path, names.iter().map(String::as_str));
                continue;
            };
            if scope == Scope::Server && !limit.per_server {
                self.error(property.start(), &path, "is a limit of the whole proxy; set it in `limits` at the top");
            } else if settings.iter().any(|known| known.name() == limit.name) {
                self.error(property.start(), &path, "is there twice, spelt differently; keep one");
            } else {
                let value = &property.value;
                let text = if limit.is_count() { number(value) } else { value.as_string_lit().map(|it| &*it.value) };
                settings.extend(self.told(LimitSetting::read(limit, text.unwrap_or_default()), value.start(), &path));
            }
        }
        settings
    }
}

fn number<'a>(value: &Value<'a>) -> Option<&'a str> {
    value.as_number_lit().map(|it| it.value).filter(|it| it.bytes().all(|byte| byte.is_ascii_digit()))
}
