//! The environment of what a person runs from the browser: that of this process, without its secrets.

use std::ffi::OsString;

/// Words in the name of a variable whose value is a secret.
const TELLING: [&str; 7] = ["SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "CREDENTIAL", "KEY"];
/// Beginnings of the names of variables that are the proxy's own.
const OURS: [&str; 2] = ["ADMIN_", "ALLOWED_"];

/// The variables of this process whose names do not say that they hold a secret.
pub(crate) fn without_secrets() -> impl Iterator<Item = (OsString, OsString)> {
    std::env::vars_os().filter(|(name, _)| !is_secret(&name.to_string_lossy()))
}

fn is_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    TELLING.iter().any(|word| name.contains(word)) || OURS.iter().any(|word| name.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_and_what_is_ours_stay_here() {
        for name in [
            "GITHUB_TOKEN",
            "npm_config__authToken",
            "AWS_SECRET_ACCESS_KEY",
            "PGPASSWORD",
            "SESSION_SECRET",
            "ADMIN_USERNAME",
            "ALLOWED_KEYS",
            "GOOGLE_APPLICATION_CREDENTIALS",
        ] {
            assert!(is_secret(name), "{name}");
        }
        for name in ["PATH", "HOME", "LANG", "HTTPS_PROXY", "TOOLS_FOLDER", "SSH_AUTH_SOCK"] {
            assert!(!is_secret(name), "{name}");
        }
    }
}
