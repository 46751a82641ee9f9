//! The service's certificate: it is loaded and checked at the start, and again when its files change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

use crate::config::stamp::Stamp;

/// How often the files are checked.
const LOOK: Duration = Duration::from_secs(2);

/// Why the certificate cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// A file cannot be read, or has no PEM of the kind.
    #[error("{}: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        source: rustls_pki_types::pem::Error,
    },
    /// No certificate in the file.
    #[error("{}: holds no certificate", .0.display())]
    Empty(PathBuf),
    /// The key does not belong to the certificate, or is of no usable kind.
    #[error("{}: {source}", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// The reason.
        source: rustls::Error,
    },
}

/// A certificate and its key, as currently on disk.
#[derive(Debug)]
pub struct Certificates {
    current: ArcSwap<Current>,
}

/// The pair in use.
#[derive(Debug)]
struct Current {
    certificate: PathBuf,
    key: PathBuf,
    config: Arc<ServerConfig>,
    /// The files before they were read.
    stamps: [Option<Stamp>; 2],
}

/// A checked pair that is not in use yet.
#[derive(Debug)]
pub struct LoadedCertificate(Current);

impl Certificates {
    /// Loads the files.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn load(certificate: &Path, key: &Path) -> Result<Arc<Self>, TlsError> {
        let LoadedCertificate(current) = Self::check(certificate, key)?;
        Ok(Arc::new(Self { current: ArcSwap::from_pointee(current) }))
    }

    /// Loads a pair without using it.
    ///
    /// # Errors
    /// [`TlsError`], naming the file.
    pub fn check(certificate: &Path, key: &Path) -> Result<LoadedCertificate, TlsError> {
        let stamps = [Stamp::at(certificate), Stamp::at(key)];
        let config = Arc::new(config(certificate, key)?);
        Ok(LoadedCertificate(Current { certificate: certificate.to_owned(), key: key.to_owned(), config, stamps }))
    }

    /// An acceptor with the current certificate.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        TlsAcceptor::from(Arc::clone(&self.current.load().config))
    }

    /// Uses the pair for new connections.
    pub fn replace(&self, LoadedCertificate(current): LoadedCertificate) {
        self.current.store(Arc::new(current));
    }

    /// Watches the files until the process ends, and loads them when they change. This does not depend on the rest of the configuration:
    /// a certificate is renewed even while the configuration has an error.
    pub async fn watch(self: Arc<Self>) {
        // The stamps of the last pair that could not be used, so that its error is logged once for each state of the files.
        let mut refused = None;
        loop {
            tokio::time::sleep(LOOK).await;
            let current = self.current.load_full();
            let now = [Stamp::at(&current.certificate), Stamp::at(&current.key)];
            if now == current.stamps || refused == Some(now) {
                continue;
            }
            match Self::check(&current.certificate, &current.key) {
                Ok(loaded) => {
                    self.replace(loaded);
                    refused = None;
                    tracing::info!("the certificate was reloaded");
                }
                // Tried again when a file changes, since the other file of the pair may still be written.
                Err(error) => {
                    refused = Some(now);
                    tracing::error!(error = %error, "the new certificate cannot be used, and the previous one stays in use: {error}");
                }
            }
        }
    }
}

fn config(certificate: &Path, key: &Path) -> Result<ServerConfig, TlsError> {
    let file = |path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::File { path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate).map_err(file(certificate))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(file(certificate))?;
    if chain.is_empty() {
        return Err(TlsError::Empty(certificate.to_owned()));
    }
    let key = PrivateKeyDer::from_pem_file(key).map_err(file(key))?;
    let unusable = |source| TlsError::Unusable { path: certificate.to_owned(), source };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().map_err(unusable)?;
    let mut config = builder.with_no_client_auth().with_single_cert(chain, key).map_err(unusable)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
