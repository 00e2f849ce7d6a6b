//! On whose behalf a message is sent.

use std::{collections::BTreeMap, fmt, sync::Arc};

use http::HeaderMap;
use mcp_protocol::{Era, Revision, header};

/// Whoever stands behind a message, as plain data.
///
/// Headers that mirror the body are not in it: they are made from the body at the outgoing rim. Connections are pooled
/// by [`partition`](Self::partition) only, so nothing is shared across credentials.
#[derive(Clone)]
pub struct Caller {
    /// Who it is, once that has been decided.
    pub principal: Principal,
    /// The session of the legacy era the message belongs to.
    pub session: Option<Arc<str>>,
    /// The revision the caller speaks.
    pub revision: Revision,
    /// What the client said of itself.
    pub client: Option<Arc<Client>>,
    /// Headers that the configuration allows to travel to the server. Default: none.
    pub headers: HeaderMap,
    /// Environment variables that the configuration allows to reach the server's process. Default: none.
    pub variables: BTreeMap<String, Secret>,
}

/// What a client said of itself, as JSON text.
#[derive(Clone, Debug)]
pub struct Client {
    /// `clientInfo`, an object.
    pub info: Arc<str>,
    /// `capabilities`, an object.
    pub capabilities: Arc<str>,
}

/// Who a caller is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Principal {
    /// The proxy itself, for what is shared.
    Proxy,
    /// A client that was not asked who it is.
    Anonymous,
    /// A client that has shown who it is; the name is not a secret.
    Named(Arc<str>),
}

/// What may share a connection: equal partitions may, different ones never do.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Partition {
    principal: Principal,
    headers: Vec<(String, Vec<u8>)>,
    variables: BTreeMap<String, Secret>,
}

/// A value that no log and no error shows.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(Box<str>);

impl Caller {
    /// The proxy acting for itself, in the given revision.
    #[must_use]
    pub fn proxy(revision: Revision) -> Arc<Self> {
        Arc::new(Self::new(Principal::Proxy, revision))
    }

    /// A caller of whom only this is known.
    #[must_use]
    pub fn new(principal: Principal, revision: Revision) -> Self {
        Self { principal, session: None, revision, client: None, headers: HeaderMap::new(), variables: BTreeMap::new() }
    }

    /// The era the caller speaks.
    #[must_use]
    pub fn era(&self) -> Era {
        self.revision.era()
    }

    /// The JSON text of the client's capabilities; an empty object if it declared none.
    #[must_use]
    pub fn capabilities(&self) -> &str {
        self.client.as_ref().map_or("{}", |client| &client.capabilities)
    }

    /// With whom this caller may share a connection. Headers that repeat arguments of one request make no difference.
    #[must_use]
    pub fn partition(&self) -> Partition {
        let headers = self.headers.iter().filter(|(name, _)| !name.as_str().starts_with(header::PARAM_PREFIX));
        let headers = headers.map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()));
        Partition { principal: self.principal.clone(), headers: headers.collect(), variables: self.variables.clone() }
    }
}

impl Secret {
    /// Wraps a value.
    #[must_use]
    pub fn new(value: impl Into<Box<str>>) -> Self {
        Self(value.into())
    }

    /// The value, for whoever has to use it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

/// Without the session's id, which is a credential, and with the names of headers and variables alone.
impl fmt::Debug for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Caller")
            .field("principal", &self.principal)
            .field("revision", &self.revision)
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("variables", &self.variables)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Partition").field("principal", &self.principal).finish_non_exhaustive()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_does_not_show() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(…)");
    }

    #[test]
    fn neither_does_a_session_or_the_value_of_a_header() {
        let mut caller = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
        caller.session = Some("s3cret-id".into());
        caller.headers.insert("x-token", http::HeaderValue::from_static("s3cret-value"));
        let shown = format!("{caller:?} {:?}", caller.partition());
        assert!(shown.contains("x-token") && !shown.contains("s3cret"), "{shown}");
    }

    #[test]
    fn different_values_are_different_partitions() {
        let plain = Caller::new(Principal::Anonymous, Revision::LATEST_LEGACY);
        let mut with_token = plain.clone();
        with_token.variables.insert("TOKEN".to_owned(), Secret::new("a"));
        let mut with_other = plain.clone();
        with_other.variables.insert("TOKEN".to_owned(), Secret::new("b"));
        assert_eq!(plain.partition(), plain.clone().partition());
        assert_ne!(plain.partition(), with_token.partition());
        assert_ne!(with_token.partition(), with_other.partition());
    }
}
