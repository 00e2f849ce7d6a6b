//! Which variables a request may set.

use std::{collections::BTreeSet, str::FromStr};

use mcp_proxy_core::transport::{VariableError, check_variable};

/// The variables that the query of a request may set for a dedicated server that has no `requestEnv` of its own.
///
/// Those that change what a program loads, runs or trusts are never among them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RequestVariables {
    /// These; none, if it is empty.
    Listed(BTreeSet<String>),
    /// Every other one.
    Any,
}

impl Default for RequestVariables {
    fn default() -> Self {
        Self::Listed(BTreeSet::new())
    }
}

/// `*`, or names with commas between them.
impl FromStr for RequestVariables {
    type Err = VariableError;

    fn from_str(text: &str) -> Result<Self, VariableError> {
        if text.trim() == "*" {
            return Ok(Self::Any);
        }
        let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
        names.map(|name| check_variable(name, "").map(|()| name.to_owned())).collect::<Result<_, _>>().map(Self::Listed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_names_that_a_request_may_set() {
        let listed = |names: &[&str]| Ok(RequestVariables::Listed(names.iter().map(|&name| name.to_owned()).collect()));
        assert_eq!("".parse(), listed(&[]));
        assert_eq!("A, B_2,,A".parse(), listed(&["A", "B_2"]));
        assert_eq!(" * ".parse(), Ok(RequestVariables::Any));
        assert_eq!("A,LD_PRELOAD".parse::<RequestVariables>(), Err(VariableError::Dangerous("LD_PRELOAD".to_owned())));
        assert_eq!("A B".parse::<RequestVariables>(), Err(VariableError::Malformed));
    }
}
