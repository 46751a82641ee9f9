//! Addresses that the public internet does not route: this machine, private networks, links.
//!
//! For addresses that a document names and the configuration does not (IANA's special-purpose registries, RFC 6890). It
//! resolves no names; that is for the fetcher.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Whether the address can be one of the public internet.
#[must_use]
pub fn is_public(address: IpAddr) -> bool {
    match address.to_canonical() {
        IpAddr::V4(address) => is_public_v4(address),
        IpAddr::V6(address) => is_public_v6(address),
    }
}

fn is_public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    let is_shared = a == 100 && (64..128).contains(&b); // RFC 6598: between a provider and its customers
    let is_benchmark = a == 198 && (b == 18 || b == 19); // RFC 2544
    let is_protocol = a == 192 && b == 0 && c == 0; // RFC 6890
    let is_reserved = a == 0 || a >= 240; // RFC 1122 §3.2.1.3
    let is_special = address.is_loopback()
        || address.is_private()
        || address.is_link_local()
        || address.is_multicast()
        || address.is_documentation();
    !(is_special || is_shared || is_benchmark || is_protocol || is_reserved)
}

fn is_public_v6(address: Ipv6Addr) -> bool {
    let [a, b, c, d, e, f, high, low] = address.segments();
    let embedded = |high: u16, low: u16| Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low));
    if [a, b, c, d, e, f] == [0x64, 0xff9b, 0, 0, 0, 0] {
        return is_public_v4(embedded(high, low)); // RFC 6052: an IPv4 address behind a translator
    }
    if a == 0x2002 {
        return is_public_v4(embedded(b, c)); // RFC 3056: 6to4
    }
    // Everything that is routed lies in 2000::/3; documentation (RFC 3849, RFC 9637) and Teredo (RFC 4380) lie there too.
    a & 0xe000 == 0x2000 && !(a == 0x2001 && (b == 0xdb8 || b < 0x200)) && !(a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn special_addresses_are_not_public() {
        for public in
            ["1.1.1.1", "93.184.216.34", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "64:ff9b::1.1.1.1", "2002:101:101::"]
        {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
        for special in [
            "127.0.0.1",
            "127.255.0.1",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "192.168.1.1",
            "169.254.169.254",
            "100.64.0.1",
            "192.0.0.1",
            "198.18.0.1",
            "192.0.2.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "fe80::1",
            "fc00::1",
            "fd00:ec2::254",
            "ff02::1",
            "2001:db8::1",
            "2001::1",
            "3fff::1",
            "64:ff9b::10.0.0.1",
            "2002:a00:1::",
            "::10.0.0.1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
    }
}
