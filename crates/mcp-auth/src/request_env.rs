//! Which environment variables a request may set for a server's process of its own.

use std::collections::BTreeMap;

use http::{HeaderMap, HeaderName};
use mcp_protocol::header;
use mcp_transport::{Secret, VariableError, check_variable};
use percent_encoding::percent_decode_str;

use crate::{presented, query::parameters};

/// Which variables a request may set, and where each comes from. The default is [`none`](Self::none).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RequestEnv(Rules);

/// Where the value of a variable stands in a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// In this header.
    Header(HeaderName),
    /// In the query, as the parameter of this name.
    Query(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Rules {
    Listed(BTreeMap<String, Source>),
    Any,
}

/// Why a rule cannot stand.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RuleError {
    /// No caller may choose the variable, or none can be called so.
    #[error("no request may set `{variable}`: {source}")]
    Variable {
        /// The variable.
        variable: String,
        /// Why.
        source: VariableError,
    },
    /// The proxy reads what stands there itself, a key most often, and hands it on to nobody.
    #[error(
        "`{variable}` cannot come from `{place}`, which is the proxy's own; take another header or parameter for it"
    )]
    Ours {
        /// The variable.
        variable: String,
        /// The header or the parameter.
        place: String,
    },
}

/// Why a request's variables are refused. Names are cut short and made printable; values are not in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RefusedVariable {
    /// No rule allows the parameter.
    #[error(
        "the query parameter `{0}` sets nothing here; the setting `requestEnv` (or `--request-env`) lists the variables \
         that a request may set"
    )]
    NotAllowed(String),
    /// It is unclear which value counts.
    #[error("`{0}` stands more than once in the request; send it once")]
    Repeated(String),
    /// The value would do something to a terminal or a log.
    #[error("the value of `{0}` is not UTF-8 or has control characters; send plain text")]
    NotText(String),
    /// No caller may choose the variable, or its value is too long.
    #[error("`{place}` is refused: {source}")]
    Variable {
        /// The header or the parameter.
        place: String,
        /// Why.
        source: VariableError,
    },
}

/// Parameters that the proxy reads itself, beside those that carry keys.
const OURS: [&str; 3] = ["session_id", "sessionId", "dialect"];
/// Characters of a name that an error shows.
const SHOWN: usize = 64;

impl RequestEnv {
    /// No variable at all.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Whether no request may set anything.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::none()
    }

    /// Any variable, each from the query parameter of its name.
    #[must_use]
    pub fn any() -> Self {
        Self(Rules::Any)
    }

    /// These variables and no other.
    ///
    /// # Errors
    ///
    /// Fails if a variable is one that no caller may choose, or is to come from where the proxy's own keys and session ids
    /// stand.
    pub fn listed(rules: BTreeMap<String, Source>) -> Result<Self, RuleError> {
        for (variable, source) in &rules {
            check_variable(variable, "")
                .map_err(|source| RuleError::Variable { variable: variable.clone(), source })?;
            let (place, is_ours) = match source {
                Source::Header(name) => (name.as_str(), is_our_header(name.as_str())),
                Source::Query(name) => (name.as_str(), is_ours(name)),
            };
            if is_ours {
                return Err(RuleError::Ours { variable: variable.clone(), place: place.to_owned() });
            }
        }
        Ok(Self(Rules::Listed(rules)))
    }

    /// The variables that a request sets. Values are decoded as in forms, where `+` is a space.
    ///
    /// # Errors
    ///
    /// Fails if there is a query parameter that is neither the proxy's own nor allowed, if something stands there more than
    /// once, or if a value is longer than 4 KiB or no plain text.
    pub fn read(&self, headers: &HeaderMap, query: Option<&str>) -> Result<BTreeMap<String, Secret>, RefusedVariable> {
        let mut found = BTreeMap::new();
        for (name, value) in parameters(query).filter(|(name, _)| !is_ours(name)) {
            let variables = self.variables_from(&name);
            if variables.is_empty() {
                return Err(RefusedVariable::NotAllowed(shown(&name)));
            }
            let value = value.replace('+', " ");
            let value = percent_decode_str(&value).collect::<Vec<_>>();
            variables.into_iter().try_for_each(|variable| take(&mut found, variable, &name, &value))?;
        }
        if let Rules::Listed(rules) = &self.0 {
            for (variable, source) in rules {
                let Source::Header(name) = source else { continue };
                headers
                    .get_all(name)
                    .iter()
                    .try_for_each(|value| take(&mut found, variable, name.as_str(), value.as_bytes()))?;
            }
        }
        Ok(found)
    }

    fn variables_from<'a>(&'a self, parameter: &'a str) -> Vec<&'a str> {
        match &self.0 {
            Rules::Any => vec![parameter],
            Rules::Listed(rules) => {
                let from = |source: &Source| matches!(source, Source::Query(name) if name == parameter);
                rules.iter().filter(|(_, source)| from(source)).map(|(variable, _)| variable.as_str()).collect()
            }
        }
    }
}

impl Default for Rules {
    fn default() -> Self {
        Self::Listed(BTreeMap::new())
    }
}

fn take(
    found: &mut BTreeMap<String, Secret>,
    variable: &str,
    place: &str,
    value: &[u8],
) -> Result<(), RefusedVariable> {
    let text = str::from_utf8(value).map_err(|_| RefusedVariable::NotText(shown(place)))?;
    check_variable(variable, text).map_err(|source| RefusedVariable::Variable { place: shown(place), source })?;
    if text.contains(char::is_control) {
        return Err(RefusedVariable::NotText(shown(place)));
    }
    match found.insert(variable.to_owned(), Secret::new(text)) {
        None => Ok(()),
        Some(_) => Err(RefusedVariable::Repeated(shown(place))),
    }
}

fn is_our_header(name: &str) -> bool {
    presented::HEADERS.contains(&name) || name == header::SESSION_ID
}

fn is_ours(parameter: &str) -> bool {
    presented::PARAMETERS.contains(&parameter) || OURS.contains(&parameter)
}

/// A name that anybody could have made up, fit for a log and a terminal.
fn shown(name: &str) -> String {
    name.chars().take(SHOWN).map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect()
}

#[cfg(test)]
mod tests;
