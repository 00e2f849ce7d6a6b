//! HTTP over TLS, towards clients.

use std::{fmt, io, sync::Arc};

use rustls::{
    ConfigBuilder, Error, ServerConfig, WantsVerifier,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

use crate::run::{Socket, Wire};

/// What a listener needs to speak `https`: TLS 1.2 and 1.3, and HTTP/1.1 inside. Cloning it copies a handle.
#[derive(Clone)]
pub struct Tls(Arc<ServerConfig>);

/// Why a listener cannot speak TLS. Nothing of what was read is in it, for it may be the private key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// There is no certificate, or it is none that can be used.
    #[error(
        "the certificate chain cannot be read: it is PEM text, the server's own certificate first and then those that \
         vouch for it, each between the lines `-----BEGIN CERTIFICATE-----` and `-----END CERTIFICATE-----`"
    )]
    Chain,
    /// There is no private key, or it is none that can be used.
    #[error(
        "the private key cannot be read: it is PEM text without a password, RSA, ECDSA or Ed25519, between the lines \
         `-----BEGIN PRIVATE KEY-----` and `-----END PRIVATE KEY-----` (or `RSA PRIVATE KEY`, `EC PRIVATE KEY`)"
    )]
    Key,
    /// Both can be read, and do not belong together.
    #[error(
        "the private key is not that of the first certificate in the chain: the server's own certificate comes first, and \
         the key is the one it was made for"
    )]
    Mismatch,
}

impl Tls {
    /// Shows this chain of certificates to clients, the server's own first, and proves it with its private key. Both are PEM
    /// text; a key is PKCS #8, PKCS #1 or SEC 1, and not encrypted.
    ///
    /// # Errors
    ///
    /// Says which of the two cannot be read, or that they do not belong together.
    pub fn from_pem(cert_chain: &[u8], key: &[u8]) -> Result<Self, TlsError> {
        let chain: Vec<_> =
            CertificateDer::pem_slice_iter(cert_chain).collect::<Result<_, _>>().map_err(|_| TlsError::Chain)?;
        if chain.is_empty() {
            return Err(TlsError::Chain);
        }
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsError::Key)?;
        let config = versions().with_no_client_auth().with_single_cert(chain, key);
        let mut config = config.map_err(|error| match error {
            Error::InvalidCertificate(_) => TlsError::Chain,
            Error::InconsistentKeys(_) => TlsError::Mismatch,
            _ => TlsError::Key,
        })?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self(Arc::new(config)))
    }
}

/// With a provider named outright: the process-wide default belongs to the program we are a part of.
#[expect(clippy::expect_used, reason = "the provider has cipher suites for both versions")]
fn versions() -> ConfigBuilder<ServerConfig, WantsVerifier> {
    let builder = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()));
    builder.with_safe_default_protocol_versions().expect("aws-lc knows TLS 1.2 and 1.3")
}

impl Wire for Tls {
    type Stream = TlsStream<Socket>;
    const SCHEME: &'static str = "https";

    async fn open(&self, socket: Socket) -> io::Result<TlsStream<Socket>> {
        TlsAcceptor::from(Arc::clone(&self.0)).accept(socket).await
    }
}

/// Without anything of the key.
impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A certificate and its key.
    fn pair() -> (String, String) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        (made.cert.pem(), made.signing_key.serialize_pem())
    }

    fn error(chain: &str, key: &str) -> TlsError {
        Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap_err()
    }

    #[test]
    fn a_chain_and_its_key_are_taken_with_whatever_text_is_around_them() {
        let ((chain, key), (signer, _)) = (pair(), pair());
        Tls::from_pem(format!("made today\n{chain}\n{signer}").as_bytes(), key.as_bytes()).unwrap();
        Tls::from_pem(format!("{key}{chain}").as_bytes(), format!("{chain}{key}").as_bytes()).unwrap();
    }

    #[test]
    fn the_error_says_which_of_the_two_is_wrong() {
        let (chain, key) = pair();
        let no_certificate = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for wrong in ["", "nothing", &key, &chain[..chain.len() / 2], no_certificate] {
            assert_eq!(error(wrong, &key), TlsError::Chain, "{wrong}");
        }
        let no_key = no_certificate.replace("CERTIFICATE", "PRIVATE KEY");
        let encrypted = key.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
        for wrong in ["", "nothing", &chain, &key[..key.len() / 2], &no_key, &encrypted] {
            assert_eq!(error(&chain, wrong), TlsError::Key, "{wrong}");
        }
        assert_eq!(error(&chain, &pair().1), TlsError::Mismatch);
        assert_eq!(error(&format!("{}{chain}", pair().0), &key), TlsError::Mismatch, "the order is wrong");
    }

    #[test]
    fn nothing_of_the_key_shows() {
        let (chain, key) = pair();
        let secret = key.lines().nth(1).unwrap();
        // As a variable of an environment often has it.
        let on_one_line = error(&chain, &key.replace('\n', " "));
        let tls = Tls::from_pem(chain.as_bytes(), key.as_bytes()).unwrap();
        let shown = format!("{on_one_line} {on_one_line:?} {tls:?}");
        assert!(!shown.contains(secret), "{shown}");
    }
}
