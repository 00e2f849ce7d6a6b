//! Which environment variables a caller may choose for a server's process.

/// Why a caller's variable is not given to a server's process.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum VariableError {
    /// It changes what a program loads, runs or trusts, so no caller may choose it.
    #[error("the variable `{0}` changes what the server runs or trusts; set it in the server's own configuration")]
    Dangerous(String),
    /// The name is empty, long, or has characters other than letters, digits and `_`, or the value has a NUL.
    #[error("a variable's name is 1 to 128 letters, digits and `_`, and its value has no NUL")]
    Malformed,
    /// The value is longer than 4 KiB.
    #[error("the value of the variable `{0}` is longer than 4096 bytes")]
    TooLong(String),
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
/// Bytes of a variable's name.
const NAME: usize = 128;
/// Bytes of a variable's value.
const VALUE: usize = 4096;

/// Refuses what a caller must not choose. The configuration lists which variables callers may set at all; this holds
/// even where that list is too generous.
///
/// # Errors
///
/// Says which rule is broken: the name's shape, what the name stands for, or the value's length (4 KiB).
pub fn check_variable(name: &str, value: &str) -> Result<(), VariableError> {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if name.is_empty() || NAME < name.len() || !plain || value.contains('\0') {
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
    use super::{check_variable as check, *};

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
        let long = "A".repeat(NAME);
        assert_eq!(check(&long, "x"), Ok(()));
        assert_eq!(check(&format!("{long}A"), "x"), Err(VariableError::Malformed));
        for (name, value) in [("", "x"), ("A=B", "x"), ("A\0", "x"), ("A", "x\0"), ("A B", "x"), ("Ä", "x")] {
            assert_eq!(check(name, value), Err(VariableError::Malformed), "{name:?}");
        }
    }
}
