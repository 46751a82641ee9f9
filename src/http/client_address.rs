//! The address of the client behind a request: the connection's peer, or the one that trusted proxies report.
//!
//! Owns the choice of the address. INVARIANT: a client cannot choose its own address. A forwarding header is used only if the peer is
//! one of `server.trusted_proxies`. It is read from the right, where the nearest proxy writes, up to the first address that is not a
//! trusted proxy.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use http::HeaderMap;

use crate::domain::network::{ForwardingHeader, Network};

/// The peer of the connection to a listener, in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub IpAddr);

/// The peer of a front door of Lambda, from its event, in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrontDoorPeer(pub IpAddr);

/// The client's address as [`Proxies::client`] found it, in the request's extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClientAddress(pub IpAddr);

/// The block that limits count as one address: an IPv4 address, or the first 64 bits of an IPv6 address, since a subscriber
/// chooses the other 64.
#[must_use]
pub fn block_of(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        canonical => canonical,
    }
}

/// The proxies in front of the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Proxies {
    /// Peers with a trusted forwarding header. Empty by default.
    pub trusted: Vec<Network>,
    /// The header to read. Only one, since a proxy that writes one header passes the other on as its client sent it.
    pub header: ForwardingHeader,
}

impl Proxies {
    /// Whether the address is one of a trusted proxy.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    /// The client's address, for a request of `peer` with these headers.
    #[must_use]
    pub fn client(&self, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
        let mut nearest = peer.to_canonical();
        // The last value of several was written last.
        let values: Vec<&[u8]> = headers.get_all(self.header.as_str()).iter().map(http::HeaderValue::as_bytes).collect();
        for element in values.iter().rev().flat_map(|value| value.rsplit(|byte| *byte == b',')) {
            if !self.trusts(nearest) {
                break;
            }
            let text = std::str::from_utf8(element).unwrap_or_default();
            let address = match self.header {
                ForwardingHeader::XForwardedFor => address(text),
                ForwardingHeader::Forwarded => forwarded_for(text),
            };
            // Elements left of one that is not an address (`unknown`, an obfuscated name) are not trusted.
            let Some(address) = address else { break };
            nearest = address.to_canonical();
        }
        nearest
    }
}

/// An address, with or without a port: `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:4711`.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    let without_brackets = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    without_brackets.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

/// The `for=` of one element of `Forwarded`. A comma within quotes would cut it, but no address has one.
fn forwarded_for(element: &str) -> Option<IpAddr> {
    let (_, value) =
        element.split(';').filter_map(|pair| pair.split_once('=')).find(|(name, _)| name.trim().eq_ignore_ascii_case("for"))?;
    let value = value.trim();
    address(value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(header: ForwardingHeader, peer: &str, values: &[&str]) -> String {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap()).to_vec();
        let name = header.as_str();
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name, value.parse().unwrap());
        }
        // The other header is ignored.
        let other = if header == ForwardingHeader::Forwarded { "x-forwarded-for" } else { "forwarded" };
        headers.append(other, "for=198.51.100.66, 198.51.100.66".parse().unwrap());
        Proxies { trusted, header }.client(peer.parse().unwrap(), &headers).to_string()
    }

    #[test]
    fn the_header_counts_from_the_right_and_only_behind_trusted_proxies() {
        for (peer, values, expected) in [
            // No proxy, or an untrusted one.
            ("192.0.2.1", &["203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            ("::ffff:10.0.0.1", &["203.0.113.9"], "203.0.113.9"),
            // Values further left are the client's own claim.
            ("10.0.0.1", &["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["198.51.100.1", "203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["10.9.9.9, 203.0.113.9, 10.0.0.2"], "203.0.113.9"),
            // All are proxies: the furthest.
            ("10.0.0.1", &["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("fd00::1", &["2001:db8::7"], "2001:db8::7"),
            ("10.0.0.1", &["203.0.113.9:4711"], "203.0.113.9"),
            ("10.0.0.1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", &["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", &["::ffff:203.0.113.9"], "203.0.113.9"),
            // A value that is not an address ends the walk at the proxy that forwarded it.
            ("10.0.0.1", &["203.0.113.9, unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9, unknown, 10.0.0.2"], "10.0.0.2"),
            ("10.0.0.1", &[""], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.9,"], "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardingHeader::XForwardedFor, peer, values), expected, "{peer} {values:?}");
        }
    }

    #[test]
    fn the_standard_header_counts_in_the_same_way_where_it_is_chosen() {
        for (peer, values, expected) in [
            ("192.0.2.1", &["for=203.0.113.9"][..], "192.0.2.1"),
            ("10.0.0.1", &["for=203.0.113.9;proto=https;by=10.0.0.1"], "203.0.113.9"),
            ("10.0.0.1", &["proto=https; For=\"[2001:db8::7]:4711\""], "2001:db8::7"),
            ("10.0.0.1", &["for=198.51.100.1, for=203.0.113.9, for=10.0.0.2"], "203.0.113.9"),
            ("10.0.0.1", &["for=198.51.100.1", "for=203.0.113.9"], "203.0.113.9"),
            ("10.0.0.1", &["for=203.0.113.9, for=_hidden"], "10.0.0.1"),
            ("10.0.0.1", &["proto=https"], "10.0.0.1"),
        ] {
            assert_eq!(client(ForwardingHeader::Forwarded, peer, values), expected, "{peer} {values:?}");
        }
    }
}
