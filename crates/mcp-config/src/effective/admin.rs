//! The settings of a hub's pages, in the end.

use std::{net::SocketAddr, path::PathBuf};

use mcp_proxy_core::transport::Secret;

use super::{Layers, variable::Variable};
use crate::{SettingError, Sourced, Variables};

/// What a command line says of the pages.
#[derive(Clone, Debug, Default)]
pub struct AdminSettings {
    /// Whether there are any.
    pub enabled: Option<bool>,
    /// The address to serve them on.
    pub address: Option<SocketAddr>,
    /// The URL that people know them by.
    pub url: Option<String>,
    /// Whether they have a terminal.
    pub terminal: Option<bool>,
}

/// Every setting of a hub's pages, with its value and where that comes from. Passwords and secrets are never arguments, which
/// others may see.
#[derive(Clone, Debug, PartialEq)]
pub struct Admin {
    /// Whether there are any; `$ENABLE_ADMIN_UI`. Default: no.
    pub enabled: Sourced<bool>,
    /// The address to serve them on; `$ADMIN_ADDRESS`. Default: 127.0.0.1:3664.
    pub address: Sourced<SocketAddr>,
    /// The URL that people know them by, where TLS stands in front; `$ADMIN_URL`. Default: none.
    pub url: Sourced<Option<String>>,
    /// Whether they have a terminal; `$ENABLE_ADMIN_TERMINAL`. Default: no.
    pub terminal: Sourced<bool>,
    /// The name to log in with; `$ADMIN_USERNAME`. Default: `admin`.
    pub username: Sourced<String>,
    /// The password; `$ADMIN_PASSWORD`. Default: one that is made at the first start.
    pub password: Sourced<Option<Secret>>,
    /// What logins are signed with; `$SESSION_SECRET`. Default: random at each start.
    pub session_secret: Sourced<Option<Secret>>,
    /// A folder with the pages, for those who work on them; `$ADMIN_PAGES`. Default: those in the program.
    pub pages: Sourced<Option<PathBuf>>,
}

const ENABLED: Variable<bool> = switch("ENABLE_ADMIN_UI");
const TERMINAL: Variable<bool> = switch("ENABLE_ADMIN_TERMINAL");
const ADDRESS: Variable<SocketAddr> = Variable {
    name: "ADMIN_ADDRESS",
    read: |text| text.parse().ok(),
    must: "an address and a port, as in 127.0.0.1:3664",
};
const URL: Variable<String> = Variable { name: "ADMIN_URL", read: |text| Some(text.to_owned()), must: "a URL" };
const USERNAME: Variable<String> =
    Variable { name: "ADMIN_USERNAME", read: |text| Some(text.to_owned()), must: "a name" };
const PASSWORD: Variable<Secret> = secret("ADMIN_PASSWORD");
const SESSION_SECRET: Variable<Secret> = secret("SESSION_SECRET");
const PAGES: Variable<PathBuf> =
    Variable { name: "ADMIN_PAGES", read: |text| Some(text.into()), must: "the path of a folder" };

const fn switch(name: &'static str) -> Variable<bool> {
    Variable {
        name,
        read: |text| {
            let is = |words: [&str; 3]| words.iter().any(|word| text.eq_ignore_ascii_case(word));
            if is(["true", "1", "yes"]) { Some(true) } else { is(["false", "0", "no"]).then_some(false) }
        },
        must: "true or false",
    }
}

const fn secret(name: &'static str) -> Variable<Secret> {
    Variable { name, read: |text| Some(Secret::new(text)), must: "a text" }
}

impl Admin {
    /// Takes each setting from the command line, else from the environment, else from the `.env` file, else from its default.
    ///
    /// # Errors
    ///
    /// Names every variable whose value cannot be used.
    pub fn settle(flag: AdminSettings, variables: &Variables) -> Result<Self, Vec<SettingError>> {
        let mut from = Layers { variables, wrong: Vec::new() };
        let usual = SocketAddr::from(([127, 0, 0, 1], 3664));
        let admin = Self {
            enabled: from.first(flag.enabled, &[ENABLED], None, false),
            address: from.first(flag.address, &[ADDRESS], None, usual),
            url: from.optional(flag.url, &[URL], None),
            terminal: from.first(flag.terminal, &[TERMINAL], None, false),
            username: from.first(None, &[USERNAME], None, "admin".to_owned()),
            password: from.optional(None, &[PASSWORD], None),
            session_secret: from.optional(None, &[SESSION_SECRET], None),
            pages: from.optional(None, &[PAGES], None),
        };
        if from.wrong.is_empty() { Ok(admin) } else { Err(from.wrong) }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::Origin;

    fn settle(flag: AdminSettings, set: &[(&str, &str)]) -> Result<Admin, Vec<SettingError>> {
        let set: BTreeMap<_, _> = set.iter().map(|(name, value)| ((*name).to_owned(), Secret::new(*value))).collect();
        Admin::settle(flag, &Variables::new(set, BTreeMap::new()))
    }

    #[test]
    fn they_are_off_and_on_this_machine_until_somebody_says_otherwise() {
        let usual = settle(AdminSettings::default(), &[]).unwrap();
        assert!(!usual.enabled.value && !usual.terminal.value && usual.address.value.ip().is_loopback());
        let set = [
            ("ENABLE_ADMIN_UI", "True"),
            ("ADMIN_ADDRESS", "[::]:9"),
            ("ADMIN_PASSWORD", "s3cret"),
            ("ENABLE_ADMIN_TERMINAL", "0"),
        ];
        let flag = AdminSettings { address: Some("127.0.0.1:1".parse().unwrap()), ..AdminSettings::default() };
        let said = settle(flag, &set).unwrap();
        assert_eq!((said.enabled.value, said.enabled.source), (true, Origin::Environment("ENABLE_ADMIN_UI")));
        assert_eq!((said.address.value.port(), said.address.source), (1, Origin::Flag));
        assert!(!said.terminal.value && said.password.value.is_some() && !format!("{said:?}").contains("s3cret"));
    }

    #[test]
    fn what_cannot_be_used_is_named() {
        let wrong = settle(AdminSettings::default(), &[("ENABLE_ADMIN_UI", "maybe"), ("ADMIN_ADDRESS", "here")]);
        let wrong: Vec<_> = wrong.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            wrong,
            [
                "$ENABLE_ADMIN_UI must be true or false",
                "$ADMIN_ADDRESS must be an address and a port, as in 127.0.0.1:3664"
            ]
        );
    }
}
