//! What a child finds in its environment.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fmt,
};

use mcp_transport::Secret;

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

/// Why a caller's variable was not given to a child.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// It changes what a program loads, runs or trusts, so no caller may choose it.
    #[error("the variable `{0}` changes what the server runs or trusts; set it in the server's own configuration")]
    Dangerous(String),
    /// The name is empty or has characters other than letters, digits and `_`, or the value has a NUL.
    #[error("a caller's variable has a name or a value that no environment can hold")]
    Malformed,
    /// The value is longer than 4 KiB.
    #[error("the value of the variable `{0}` is longer than 4096 bytes")]
    TooLong(String),
}

/// What the configuration says of a child's environment. Values never show in `Debug`.
#[derive(Clone, Default)]
pub(crate) struct Environment {
    set: BTreeMap<OsString, Secret>,
    inherited: BTreeSet<OsString>,
}

/// What makes a loader, an interpreter, a package runner or a TLS library do something else.
const DANGEROUS: [&str; 32] = [
    "BASH_ENV",
    "CDPATH",
    "ENV",
    "GLOBIGNORE",
    "HOME",
    "HOSTALIASES",
    "IFS",
    "LOCPATH",
    "NLSPATH",
    "PATH",
    "PATHEXT",
    "PROMPT_COMMAND",
    "PS4",
    "RESOLV_HOST_CONF",
    "SHELL",
    "SHELLOPTS",
    "SYSTEMROOT",
    "TERMINFO",
    "TMPDIR",
    "WINDIR",
    "COMSPEC",
    "CLASSPATH",
    "GCONV_PATH",
    "GEM_PATH",
    "GOFLAGS",
    "EDITOR",
    "VISUAL",
    "PAGER",
    "BROWSER",
    "SSLKEYLOGFILE",
    "REQUESTS_CA_BUNDLE",
    "CURL_CA_BUNDLE",
];
const DANGEROUS_FAMILIES: [&str; 24] = [
    "LD_",
    "DYLD_",
    "NODE_",
    "PYTHON",
    "PERL5",
    "RUBY",
    "JAVA_",
    "JDK_",
    "_JAVA_",
    "OPENSSL_",
    "GIT_",
    "SSL_CERT_",
    "NPM_",
    "UV_",
    "PIP_",
    "MALLOC_",
    "GLIBC_",
    "BUNDLE_",
    "CARGO_",
    "RUST",
    "DENO_",
    "BUN_",
    "DOTNET_",
    "XDG_",
];
/// Bytes of a value that comes from a caller.
const VALUE: usize = 4096;

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
            check(name, value.expose())?;
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

/// Refuses what a caller must not choose. The configuration lists which variables callers may set at all; this holds
/// even where that list is too generous.
fn check(name: &str, value: &str) -> Result<(), VariableError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || !plain || value.contains('\0') {
        return Err(VariableError::Malformed);
    }
    let upper = name.to_ascii_uppercase();
    let dangerous = DANGEROUS.contains(&upper.as_str())
        || DANGEROUS_FAMILIES.iter().any(|family| upper.starts_with(family))
        || upper.ends_with("_PROXY");
    if dangerous {
        return Err(VariableError::Dangerous(name.to_owned()));
    }
    if VALUE < value.len() {
        return Err(VariableError::TooLong(name.to_owned()));
    }
    Ok(())
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

    #[test]
    fn a_caller_cannot_choose_what_is_loaded_run_or_trusted() {
        for name in [
            "PATH",
            "LD_PRELOAD",
            "DYLD_INSERT_LIBRARIES",
            "NODE_OPTIONS",
            "NODE_PATH",
            "PYTHONPATH",
            "PERL5LIB",
            "RUBYOPT",
            "JAVA_TOOL_OPTIONS",
            "JDK_JAVA_OPTIONS",
            "BASH_ENV",
            "ENV",
            "IFS",
            "OPENSSL_CONF",
            "GIT_SSH_COMMAND",
            "SSL_CERT_FILE",
            "HTTPS_PROXY",
            "https_proxy",
            "npm_config_registry",
            "UV_INDEX_URL",
            "PIP_INDEX_URL",
            "GCONV_PATH",
            "MALLOC_CHECK_",
        ] {
            assert_eq!(check(name, "x"), Err(VariableError::Dangerous(name.to_owned())), "{name}");
        }
        assert_eq!(check("GITHUB_TOKEN", "x"), Ok(()));
    }

    #[test]
    fn a_callers_value_has_a_limit_and_a_name_has_a_shape() {
        assert_eq!(check("A", &"x".repeat(VALUE)), Ok(()));
        assert_eq!(check("A", &"x".repeat(VALUE + 1)), Err(VariableError::TooLong("A".to_owned())));
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0"), ("A B", "x"), ("Ä", "x")] {
            assert_eq!(check(name, value), Err(VariableError::Malformed), "{name:?}");
        }
    }
}
