//! The variables that settings and values come from.

use std::{collections::BTreeMap, env, ffi::OsString};

use mcp_proxy_core::transport::Secret;

use crate::{ExpandError, Origin, expand::expand};

/// The environment of the process, and what a `.env` file adds to it. The environment wins.
#[derive(Clone, Debug, Default)]
pub struct Variables {
    environment: BTreeMap<String, Secret>,
    dot_env: BTreeMap<String, Secret>,
}

impl Variables {
    /// Takes both as they are given.
    #[must_use]
    pub fn new(environment: BTreeMap<String, Secret>, dot_env: BTreeMap<String, Secret>) -> Self {
        Self { environment, dot_env }
    }

    /// Takes the environment of this process; variables that are not UTF-8 are left out.
    #[must_use]
    pub fn of_process(dot_env: BTreeMap<String, Secret>) -> Self {
        let utf8 = |(name, value): (OsString, OsString)| {
            Some((name.into_string().ok()?, Secret::new(value.into_string().ok()?)))
        };
        Self::new(env::vars_os().filter_map(utf8).collect(), dot_env)
    }

    /// The value of a variable, for [`parse`](crate::parse).
    #[must_use]
    pub fn get(&self, name: &str) -> Option<String> {
        let secret = self.environment.get(name).or_else(|| self.dot_env.get(name))?;
        Some(secret.expose().to_owned())
    }

    /// Replaces `${NAME}`, `${NAME:-default}` and the same with `env:` before the name, as in the configuration file.
    ///
    /// # Errors
    ///
    /// Fails if a variable is not set, and quotes nothing but its name.
    pub fn expand(&self, text: &str) -> Result<String, ExpandError> {
        expand(text, &|name| self.get(name))
    }

    /// The value of a variable that is a setting, and where it is from. An empty one says nothing.
    pub(crate) fn setting(&self, name: &'static str) -> Option<(&str, Origin)> {
        let places = [(&self.environment, Origin::Environment(name)), (&self.dot_env, Origin::DotEnv(name))];
        places.into_iter().find_map(|(variables, origin)| {
            let value = variables.get(name)?.expose().trim();
            (!value.is_empty()).then_some((value, origin))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_over_the_file() {
        let variables = |list: &[(&str, &str)]| {
            list.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect::<BTreeMap<_, _>>()
        };
        let both = Variables::new(
            variables(&[("A", "1"), ("EMPTY", "")]),
            variables(&[("A", "2"), ("B", " 3 "), ("EMPTY", "4")]),
        );
        assert_eq!((both.get("A"), both.get("C")), (Some("1".to_owned()), None));
        assert_eq!(both.setting("A"), Some(("1", Origin::Environment("A"))));
        assert_eq!(both.setting("B"), Some(("3", Origin::DotEnv("B"))));
        assert_eq!(both.setting("EMPTY"), Some(("4", Origin::DotEnv("EMPTY"))));
        assert_eq!(both.setting("C"), None);
        assert!(!format!("{both:?}").contains('3'));
    }
}
