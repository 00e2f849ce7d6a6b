//! What a child finds in its environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
};

use mcp_transport::{Secret, VariableError, check_variable};

/// Variables that every child inherits.
///
/// A child gets what it takes to find programs, its home and its language, and what npx and uvx need to reach a
/// registry through a company's proxy. All of it is this process's own environment, which no client can write. Everything
/// else (tokens, cloud credentials, agent sockets) stays here unless the configuration hands it on.
pub const INHERITED: [&str; 33] = [
    "PATH",
    "HOME",
    "USER",
    "LOGNAME",
    "SHELL",
    "LANG",
    "LANGUAGE",
    "TZ",
    "TMPDIR",
    "TERM",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "ALL_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "all_proxy",
    "no_proxy",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "NODE_EXTRA_CA_CERTS",
    // Windows: without these hardly any program starts there.
    "SYSTEMROOT",
    "WINDIR",
    "COMSPEC",
    "PATHEXT",
    "APPDATA",
    "LOCALAPPDATA",
    "PROGRAMDATA",
    "PROGRAMFILES",
    "USERPROFILE",
    "USERNAME",
    "TEMP",
    "TMP",
];

/// Families of variables that every child inherits, by their prefix: locale, and where caches and settings are kept.
pub const INHERITED_FAMILIES: [&str; 2] = ["LC_", "XDG_"];

/// What the configuration says of a child's environment. Values never show in `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    set: BTreeMap<OsString, Secret>,
    inherited: BTreeSet<OsString>,
}

impl Environment {
    pub(crate) fn set(&mut self, name: OsString, value: Secret) {
        self.set.insert(name, value);
    }

    pub(crate) fn inherit(&mut self, name: OsString) {
        self.inherited.insert(name);
    }

    /// All variables of a child, out of `ours`, the configuration and a caller's; later ones win.
    pub(crate) fn of_child(
        &self,
        ours: impl Iterator<Item = (OsString, OsString)>,
        callers: &BTreeMap<String, Secret>,
    ) -> Result<BTreeMap<OsString, OsString>, VariableError> {
        let mut all: BTreeMap<_, _> = ours.filter(|(name, _)| self.inherits(name)).collect();
        all.extend(self.set.iter().map(|(name, value)| (name.clone(), value.expose().into())));
        for (name, value) in callers {
            check_variable(name, value.expose())?;
            all.insert(name.into(), value.expose().into());
        }
        Ok(all)
    }

    fn inherits(&self, name: &OsString) -> bool {
        let listed = name.to_str().is_some_and(|name| {
            let same = |known: &str| if cfg!(windows) { known.eq_ignore_ascii_case(name) } else { known == name };
            INHERITED.into_iter().any(same) || INHERITED_FAMILIES.iter().any(|family| name.starts_with(family))
        });
        listed || self.inherited.contains(name)
    }
}

impl fmt::Debug for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Environment")
            .field("set", &self.set.keys().collect::<Vec<_>>())
            .field("inherited", &self.inherited)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
        list.iter().map(|(name, value)| (name.into(), value.into())).collect()
    }

    #[test]
    fn only_what_is_listed_or_configured_reaches_the_child() {
        let mut environment = Environment::default();
        environment.set("TOKEN".into(), Secret::new("t"));
        environment.inherit("NVM_DIR".into());
        let ours =
            [("PATH", "/bin"), ("LC_ALL", "C"), ("AWS_SECRET", "x"), ("NVM_DIR", "/n"), ("XDG_CACHE_HOME", "/c")];
        let callers = BTreeMap::from([("GITHUB_TOKEN".to_owned(), Secret::new("g"))]);
        let all = environment.of_child(pairs(&ours).into_iter(), &callers).unwrap();
        let expect = [
            ("GITHUB_TOKEN", "g"),
            ("LC_ALL", "C"),
            ("NVM_DIR", "/n"),
            ("PATH", "/bin"),
            ("TOKEN", "t"),
            ("XDG_CACHE_HOME", "/c"),
        ];
        assert_eq!(all.into_iter().collect::<Vec<_>>(), pairs(&expect));
        assert!(!format!("{environment:?}").contains("\"t\""));
    }

    #[test]
    fn what_is_configured_wins_over_what_is_inherited_and_the_caller_over_both() {
        let mut environment = Environment::default();
        environment.set("LANG".into(), Secret::new("configured"));
        let given = |callers| {
            let all = environment.of_child(pairs(&[("LANG", "ours")]).into_iter(), &callers).unwrap();
            all[&OsString::from("LANG")].clone()
        };
        assert_eq!(given(BTreeMap::new()), "configured");
        assert_eq!(given(BTreeMap::from([("LANG".to_owned(), Secret::new("caller"))])), "caller");
    }
}
