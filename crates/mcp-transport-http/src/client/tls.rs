//! Whom we trust when we talk TLS.

use std::{io, sync::Arc};

use hyper_rustls::{DefaultServerNameResolver, HttpsConnector};
use rustls::{ClientConfig, RootCertStore, crypto::aws_lc_rs, pki_types::CertificateDer};
use tokio::sync::OnceCell;

use super::http_error::HttpError;

/// The TLS configuration, made when the first `https` URL is met: reading the system's roots takes a while.
#[derive(Clone, Debug)]
pub(crate) struct Tls {
    config: Arc<OnceCell<Arc<ClientConfig>>>,
    roots: Arc<[Vec<u8>]>,
}

impl Tls {
    /// Trusts the system's roots (or those of `SSL_CERT_FILE` and `SSL_CERT_DIR`) and these DER certificates.
    pub(crate) fn new(roots: Vec<Vec<u8>>) -> Self {
        Self { config: Arc::default(), roots: roots.into() }
    }

    /// Speaks TLS over what `inner` connects to, if the URL asks for it.
    pub(crate) async fn over<C>(&self, inner: C) -> Result<HttpsConnector<C>, HttpError> {
        let config = self.config.get_or_try_init(|| self.load()).await?;
        let names = Arc::new(DefaultServerNameResolver::default());
        Ok(HttpsConnector::new(inner, Arc::clone(config), false, names))
    }

    async fn load(&self) -> Result<Arc<ClientConfig>, HttpError> {
        let roots = Arc::clone(&self.roots);
        let config = tokio::task::spawn_blocking(move || config(&roots));
        config.await.unwrap_or_else(|error| Err(HttpError::Tls(io::Error::other(error).into())))
    }
}

fn config(more: &[Vec<u8>]) -> Result<Arc<ClientConfig>, HttpError> {
    let mut roots = RootCertStore::empty();
    let native = rustls_native_certs::load_native_certs();
    for error in &native.errors {
        tracing::debug!(%error, "some root certificates could not be read");
    }
    roots.add_parsable_certificates(native.certs);
    for certificate in more {
        roots.add(CertificateDer::from(certificate.clone())).map_err(|error| HttpError::Tls(error.into()))?;
    }
    if roots.is_empty() {
        return Err(HttpError::NoRoots);
    }
    // Named outright: the process-wide default belongs to the program we are a part of.
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| HttpError::Tls(error.into()))?;
    let mut config = config.with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
