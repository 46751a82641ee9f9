//! The host of a request: named exactly once, and one that the service answers for.
//!
//! Owns RFC 9112 §3.2 and RFC 9113 §8.3.1 for requests from sockets, and the list of allowed hosts. A request with two hosts could
//! mean one host to a proxy and another to this service. The front doors of AWS check the host themselves.

use http::header::HOST;
use http::uri::{Authority, Scheme};
use http::{HeaderMap, Uri, Version};

use super::problem::ApiError;

/// The hosts that the service answers for, in lower case, each with its port unless that is the scheme's own; `None`: any.
pub type AllowedHosts = Option<Vec<String>>;

/// Checks the host of a request.
///
/// # Errors
/// [`ApiError::InvalidParameter`] (400) if the host is missing, given twice, contradictory or malformed, and
/// [`ApiError::UnknownHost`] (421) if it is not on the list.
pub fn check(version: Version, uri: &Uri, headers: &HeaderMap, allowed: &AllowedHosts) -> Result<(), ApiError> {
    let wrong = |detail: &str| Err(ApiError::parameter("Host", detail));
    let mut fields = headers.get_all(HOST).iter();
    let field = match (fields.next(), fields.next()) {
        (_, Some(_)) => return wrong("is given more than once"),
        (None, None) => None,
        (Some(value), None) => match value.to_str().ok().and_then(authority) {
            Some(host) => Some(host),
            None => return wrong("is not a host with an optional port"),
        },
    };
    let target = match uri.authority() {
        None => None,
        Some(text) => match authority(text.as_str()) {
            Some(host) => Some(host),
            None => return wrong("is not a host with an optional port"),
        },
    };
    let host = match (field, target) {
        (Some(field), Some(target)) if !same(&field, &target, uri.scheme()) => {
            return wrong("is another host than that of the request's target");
        }
        (Some(host), _) | (None, Some(host)) => host,
        // HTTP/1.0 does not require the field. HTTP/1.1 requires it even with an absolute URL. HTTP/2 has `:authority`.
        (None, None) if version <= Version::HTTP_10 => return allowed.as_ref().map_or(Ok(()), |_| Err(ApiError::UnknownHost)),
        (None, None) => return wrong("is missing"),
    };
    if version == Version::HTTP_11 && headers.get(HOST).is_none() {
        return wrong("is missing");
    }
    match allowed {
        Some(allowed) if !allowed.iter().any(|own| *own == written(&host)) => Err(ApiError::UnknownHost),
        _ => Ok(()),
    }
}

/// The host and the port of a `Host` field; `None` if it is malformed, has a user name, or an empty host.
fn authority(text: &str) -> Option<Authority> {
    let parsed: Authority = text.parse().ok()?;
    let port = parsed.as_str().strip_prefix(parsed.host())?;
    let has_port = port.is_empty() || parsed.port_u16().is_some() || port == ":";
    (!parsed.host().is_empty() && !text.contains('@') && has_port).then_some(parsed)
}

fn same(one: &Authority, other: &Authority, scheme: Option<&Scheme>) -> bool {
    let usual = match scheme.map(Scheme::as_str) {
        Some("https") => Some(443),
        Some("http") => Some(80),
        _ => None,
    };
    let port = |authority: &Authority| authority.port_u16().filter(|port| Some(*port) != usual);
    one.host().eq_ignore_ascii_case(other.host()) && port(one) == port(other)
}

/// The form of the list: without the ports of `http` and `https`.
fn written(host: &Authority) -> String {
    let name = host.host().to_ascii_lowercase();
    match host.port_u16().filter(|port| ![80, 443].contains(port)) {
        Some(port) => format!("{name}:{port}"),
        None => name,
    }
}

/// An entry of the list, from a host with an optional port; `None` if it is malformed.
#[must_use]
pub fn allowed_host(text: &str) -> Option<String> {
    authority(text).map(|host| written(&host))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, target: &str, hosts: &[&str], allowed: &[&str]) -> u16 {
        let mut headers = HeaderMap::new();
        hosts.iter().for_each(|host| assert!(headers.append(HOST, host.parse().unwrap()) || headers.len() == 1));
        let allowed = (!allowed.is_empty()).then(|| allowed.iter().map(|host| allowed_host(host).unwrap()).collect());
        check(version, &target.parse().unwrap(), &headers, &allowed).err().map_or(200, |error| error.problem().status)
    }

    #[test]
    fn a_host_is_said_exactly_once() {
        use Version as V;
        for (version, target, hosts, expected) in [
            (V::HTTP_11, "/", vec!["logs.test"], 200),
            (V::HTTP_11, "/", vec!["[::1]:8080"], 200),
            (V::HTTP_11, "/", vec!["127.0.0.1:8080"], 200),
            (V::HTTP_11, "/", vec![], 400),
            (V::HTTP_11, "/", vec![""], 400),
            (V::HTTP_11, "/", vec!["a", "a"], 400),
            (V::HTTP_11, "/", vec!["a", "b"], 400),
            (V::HTTP_11, "/", vec!["a, b"], 400),
            (V::HTTP_11, "/", vec!["user@a"], 400),
            (V::HTTP_11, "/", vec!["a/b"], 400),
            (V::HTTP_11, "/", vec!["a:x"], 400),
            (V::HTTP_11, "/", vec!["a:99999"], 400),
            (V::HTTP_11, "/", vec![":80"], 400),
            (V::HTTP_11, "http://a/x", vec!["a"], 200),
            (V::HTTP_11, "http://a/x", vec!["A:80"], 200),
            (V::HTTP_11, "http://a/x", vec!["b"], 400),
            (V::HTTP_11, "http://a/x", vec![], 400),
            (V::HTTP_10, "/", vec![], 200),
            (V::HTTP_10, "/", vec!["a", "a"], 400),
            (V::HTTP_2, "https://a/x", vec![], 200),
            (V::HTTP_2, "https://a/x", vec!["a"], 200),
            (V::HTTP_2, "https://a/x", vec!["b"], 400),
            (V::HTTP_2, "https://user@a/x", vec![], 400),
            (V::HTTP_2, "/", vec![], 400),
        ] {
            assert_eq!(checked(version, target, &hosts, &[]), expected, "{version:?} {target} {hosts:?}");
        }
    }

    #[test]
    fn a_host_that_is_not_listed_is_misdirected() {
        for (version, target, hosts, expected) in [
            (Version::HTTP_11, "/", vec!["logs.example.com"], 200),
            (Version::HTTP_11, "/", vec!["LOGS.example.com:443"], 200),
            (Version::HTTP_11, "/", vec!["inside:8443"], 200),
            (Version::HTTP_11, "/", vec!["inside"], 421),
            (Version::HTTP_11, "/", vec!["logs.example.com.evil.test"], 421),
            (Version::HTTP_11, "/", vec!["127.0.0.1:8080"], 421),
            (Version::HTTP_10, "/", vec![], 421),
            (Version::HTTP_2, "https://logs.example.com/", vec![], 200),
            (Version::HTTP_2, "https://evil.test/", vec![], 421),
        ] {
            let allowed = ["logs.example.com", "inside:8443"];
            assert_eq!(checked(version, target, &hosts, &allowed), expected, "{version:?} {target} {hosts:?}");
        }
    }
}
