//! Where the service is, which token is sent, and which certificates are trusted.
//!
//! Owns the checks of the arguments, with a text that says what to do. Never prints a token.

use std::path::PathBuf;
use std::sync::Arc;

use ::http::{HeaderValue, Uri};
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use rustls::{ClientConfig, RootCertStore};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;
use url::{Host, Url};

use super::failure::ClientError;
use super::output::safe;
use super::{ConnectionArgs, http::tls_builder};
use crate::cli::note;

/// Bytes of a token at most. The service accepts fewer.
const MAX_TOKEN: usize = 64 * 1024;

/// A checked connection.
#[derive(Debug)]
pub(super) struct Connection {
    /// The URL of the service, without a slash at its end.
    pub(super) base: String,
    /// Its scheme, host and port.
    pub(super) origin: Url,
    pub(super) proxy: Option<Intercept>,
    pub(super) tls: Arc<ClientConfig>,
    token: TokenSource,
}

#[derive(Debug)]
enum TokenSource {
    Fixed(HeaderValue),
    File(PathBuf),
    Absent,
}

impl Connection {
    /// Checks the arguments.
    pub(super) fn new(args: &ConnectionArgs) -> Result<Self, ClientError> {
        let text = args.url.as_deref().filter(|url| !url.is_empty()).ok_or_else(|| {
            ClientError::Usage("no service is given: set LOGMARK_URL or --url, such as https://logs.example.com".to_owned())
        })?;
        let origin = service_url(text)?;
        let token = token_source(args)?;
        if origin.scheme() == "http" && !is_loopback(&origin) && !matches!(token, TokenSource::Absent) {
            note(format_args!("warning: the token is sent over plain HTTP to {}: use an https URL", origin.authority()));
        }
        let proxy = proxy(&origin)?;
        let tls = Arc::new(tls(args)?);
        Ok(Self { base: origin.as_str().trim_end_matches('/').to_owned(), origin, proxy, tls, token })
    }

    /// The value of `Authorization`. A token file is read at each call, so that a renewed token is found.
    pub(super) fn authorization(&self) -> Result<Option<HeaderValue>, ClientError> {
        match &self.token {
            TokenSource::Fixed(value) => Ok(Some(value.clone())),
            TokenSource::File(path) => {
                let text = std::fs::read_to_string(path)
                    .map_err(|error| ClientError::Usage(format!("--token-file {}: {error}", path.display())))?;
                authorization(&text, "the token file").map(Some)
            }
            TokenSource::Absent => Ok(None),
        }
    }
}

fn service_url(text: &str) -> Result<Url, ClientError> {
    let invalid = |reason: &str| ClientError::Usage(format!("--url `{}`: {reason}", safe(text)));
    let url = Url::parse(text).map_err(|error| invalid(&format!("{error}: write it as https://logs.example.com")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(invalid("is neither an http nor an https URL"));
    }
    // The text is not shown: it has a password.
    if !url.username().is_empty() || url.password().is_some() {
        return Err(ClientError::Usage("--url has a user name or a password: leave it out".to_owned()));
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(invalid("has a query string or a fragment: give the URL of the service, without a path of the API"));
    }
    Ok(url)
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

fn token_source(args: &ConnectionArgs) -> Result<TokenSource, ClientError> {
    match (&args.token_file, args.token.as_deref()) {
        (Some(path), _) if path.as_os_str() == "-" => {
            let text = std::io::read_to_string(std::io::stdin())
                .map_err(|error| ClientError::Usage(format!("--token-file -: standard input: {error}")))?;
            authorization(&text, "standard input").map(TokenSource::Fixed)
        }
        (Some(path), _) => Ok(TokenSource::File(path.clone())),
        (None, Some(text)) if !text.trim().is_empty() => authorization(text, "the token").map(TokenSource::Fixed),
        (None, _) => Ok(TokenSource::Absent),
    }
}

fn authorization(text: &str, subject: &str) -> Result<HeaderValue, ClientError> {
    let text = text.trim();
    let fault = if text.is_empty() {
        "is empty"
    } else if text.len() > MAX_TOKEN {
        "is longer than 64 KiB"
    } else if text.get(..7).is_some_and(|start| start.eq_ignore_ascii_case("bearer ")) {
        "begins with `Bearer `: give only the token"
    } else if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
        "contains characters that a token cannot have"
    } else {
        let mut value = HeaderValue::try_from(format!("Bearer {text}"))
            .map_err(|_| ClientError::Usage(format!("{subject} contains characters that a token cannot have")))?;
        value.set_sensitive(true);
        return Ok(value);
    };
    Err(ClientError::Usage(format!("{subject} {fault}")))
}

fn proxy(origin: &Url) -> Result<Option<Intercept>, ClientError> {
    let Ok(uri) = Uri::try_from(origin.as_str()) else { return Ok(None) };
    // As curl does, this machine is reached without a proxy only if NO_PROXY says so.
    let Some(intercept) = Matcher::from_env().intercept(&uri) else { return Ok(None) };
    match intercept.uri().scheme_str() {
        Some("http") => Ok(Some(intercept)),
        scheme => Err(ClientError::Usage(format!(
            "the environment has a proxy with the scheme `{}`, which is not supported: use an http proxy in HTTPS_PROXY and \
             HTTP_PROXY, or name the service in NO_PROXY",
            safe(scheme.unwrap_or_default())
        ))),
    }
}

fn tls(args: &ConnectionArgs) -> Result<ClientConfig, ClientError> {
    let Some(path) = &args.ca else { return tls_builder(None) };
    let failed = |reason: String| ClientError::Usage(format!("--ca {}: {reason}", path.display()));
    let certificates = CertificateDer::pem_file_iter(path).map_err(|error| failed(error.to_string()))?;
    let mut roots = RootCertStore::empty();
    for certificate in certificates {
        let certificate = certificate.map_err(|error| failed(error.to_string()))?;
        roots.add(certificate).map_err(|error| failed(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(failed("holds no certificate in PEM form".to_owned()));
    }
    tls_builder(Some(roots))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unusable_url_is_refused_with_a_reason() {
        for (text, expected) in [
            ("logs.example.com", "write it as https://logs.example.com"),
            ("ftp://a", "neither an http nor an https URL"),
            ("https://a/?x=1", "has a query string"),
            ("https://user:secret@a", "has a user name or a password"),
        ] {
            let error = service_url(text).unwrap_err().to_string();
            assert!(error.contains(expected) && !error.contains("secret"), "{error}");
        }
        assert_eq!(service_url("https://a/prod/").unwrap().as_str(), "https://a/prod/");
    }

    #[test]
    fn a_token_never_appears_in_an_error() {
        for text in ["", "  ", "Bearer abc", "a b", "a\u{e4}"] {
            let error = authorization(text, "the token").unwrap_err();
            assert!(text.trim().is_empty() || !error.to_string().contains(text), "{error}");
            assert_eq!(error.exit_code(), 2);
        }
        let value = authorization("abc.def\n", "the token").unwrap();
        assert_eq!(value.to_str().unwrap(), "Bearer abc.def");
        assert!(!format!("{value:?}").contains("abc"));
    }
}
