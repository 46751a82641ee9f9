//! Endpoints of AWS: from the service and the region, or as configured.
//!
//! Owns the form of both. Sends no requests.

use http::Uri;
use http::uri::{PathAndQuery, Scheme};

/// The longest name of a region has 14 characters (2026).
const MAX_REGION: usize = 32;

/// Not the name of a region, or not an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidEndpoint {
    /// Not the name of a region.
    #[error("`{0}` is not a region: write it as in `eu-west-1`")]
    Region(String),
    /// Not only scheme, host and port. The error does not repeat the text, which may contain a password.
    #[error("is not an endpoint: write `https://host` or `http://host:port`, without path, query and user")]
    Endpoint,
}

/// Whether the text has the form of a region.
#[must_use]
pub fn is_region(text: &str) -> bool {
    let of_region = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    text.len() <= MAX_REGION
        && text.starts_with(|c: char| c.is_ascii_lowercase())
        && !text.ends_with('-')
        && text.bytes().all(of_region)
}

/// The endpoint of a service, with the path `/`: the public one of the region, or the given one.
///
/// # Errors
/// [`InvalidEndpoint`].
pub fn endpoint_of(service: &str, region: &str, given: Option<Uri>) -> Result<Uri, InvalidEndpoint> {
    let Some(given) = given else {
        let suffix = if region.starts_with("cn-") { ".cn" } else { "" };
        let text = format!("https://{service}.{region}.amazonaws.com{suffix}/");
        return text.parse().map_err(|_| InvalidEndpoint::Region(region.to_owned()));
    };
    let mut parts = given.into_parts();
    let web = parts.scheme.as_ref().is_some_and(|scheme| *scheme == Scheme::HTTP || *scheme == Scheme::HTTPS);
    let hosted =
        parts.authority.as_ref().is_some_and(|authority| !authority.host().is_empty() && !authority.as_str().contains('@'));
    let bare = parts.path_and_query.as_ref().is_none_or(|path| path.as_str() == "/" || path.as_str().is_empty());
    if !(web && hosted && bare) {
        return Err(InvalidEndpoint::Endpoint);
    }
    parts.path_and_query = Some(PathAndQuery::from_static("/"));
    Uri::from_parts(parts).map_err(|_| InvalidEndpoint::Endpoint)
}
