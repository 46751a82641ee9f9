//! Addresses and subnets in texts: the functions on IP addresses.
//!
//! Owns the syntax of addresses and subnets, and the private, reserved and public ranges. Addresses follow RFC 4291 and
//! `inet_pton`: four decimal numbers without leading zeros, or eight groups with one `::` at most; no zone, no port, no brackets,
//! no space around it. Names are from the AWS User Guide, page *Boolean, comparison, numeric, datetime, and other functions*,
//! section *IP address string functions*.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// A subnet in CIDR notation, parsed once and used for every row.
///
/// Bits of the host may be set: `10.1.2.3/8` is `10.0.0.0/8`. A subnet without a length, or with a length that is too long, is
/// malformed.
///
/// ```
/// use logmark_engine::values::ip::Subnet;
///
/// let subnet = Subnet::parse("10.20.0.0/16").unwrap();
/// assert!(subnet.contains("10.20.255.1") && !subnet.contains("10.21.0.1") && !subnet.contains("cart"));
/// assert_eq!((Subnet::parse("10.0.0.0/33"), Subnet::parse("10.0.0.0"), Subnet::parse("::/08")), (None, None, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Subnet {
    /// The address with the host's bits cleared.
    network: IpAddr,
    length: u32,
}

impl Subnet {
    /// Reads `address/length`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let (address, length) = text.split_once('/')?;
        let plain = length.bytes().all(|byte| byte.is_ascii_digit()) && (length == "0" || !length.starts_with('0'));
        let length = if plain { length.parse().ok()? } else { return None };
        let network = masked(address.parse().ok()?, length)?;
        Some(Self { network, length })
    }

    /// The subnet of this length that contains the address; `None` if the length is too long for the address.
    #[must_use]
    pub fn of(address: IpAddr, length: u32) -> Option<Self> {
        masked(address, length).map(|network| Self { network, length })
    }

    /// The length of the prefix, in bits.
    #[must_use]
    pub const fn length(&self) -> u32 {
        self.length
    }

    /// `isIpInSubnet(f, subnet)`: whether the text is an address of the subnet and has the same IP version.
    #[must_use]
    pub fn contains(&self, text: &str) -> bool {
        text.parse().is_ok_and(|address: IpAddr| {
            address.is_ipv4() == self.network.is_ipv4() && masked(address, self.length) == Some(self.network)
        })
    }

    /// Whether it is an IPv4 subnet; `isIpv4InSubnet` and `isIpv6InSubnet` are false with a subnet of the other version.
    #[must_use]
    pub const fn is_v4(&self) -> bool {
        self.network.is_ipv4()
    }
}

fn masked(address: IpAddr, length: u32) -> Option<IpAddr> {
    match address {
        IpAddr::V4(address) => {
            let host = 32_u32.checked_sub(length)?;
            let mask = u32::MAX.checked_shl(host).unwrap_or(0);
            Some(Ipv4Addr::from_bits(address.to_bits() & mask).into())
        }
        IpAddr::V6(address) => {
            let host = 128_u32.checked_sub(length)?;
            let mask = u128::MAX.checked_shl(host).unwrap_or(0);
            Some(Ipv6Addr::from_bits(address.to_bits() & mask).into())
        }
    }
}

/// `isValidIp(f)`: whether the text is an address of either version.
///
/// ```
/// use logmark_engine::values::ip::is_valid;
/// assert!(is_valid("192.0.2.7") && is_valid("2001:db8::7") && !is_valid("192.0.2.07") && !is_valid("fe80::1%eth0"));
/// ```
#[must_use]
pub fn is_valid(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok()
}

/// `isValidIpV4(f)`.
///
/// ```
/// use logmark_engine::values::ip::is_valid_v4;
/// assert!(is_valid_v4("192.0.2.7") && !is_valid_v4("::ffff:192.0.2.7") && !is_valid_v4("192.0.2"));
/// ```
#[must_use]
pub fn is_valid_v4(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

/// `isValidIpV6(f)`: also with an address of version 4 as its end.
///
/// ```
/// use logmark_engine::values::ip::is_valid_v6;
/// assert!(is_valid_v6("::ffff:192.0.2.7") && !is_valid_v6("192.0.2.7") && !is_valid_v6("1::2::3"));
/// ```
#[must_use]
pub fn is_valid_v6(text: &str) -> bool {
    text.parse::<Ipv6Addr>().is_ok()
}

/// `isIpInSubnet(f, subnet)`, where the subnet is not a constant; false if it is not a subnet.
///
/// ```
/// use logmark_engine::values::ip::is_in_subnet;
/// assert!(is_in_subnet("2001:db8::1", "2001:db8::/32") && !is_in_subnet("::ffff:10.0.0.1", "10.0.0.0/8"));
/// ```
#[must_use]
pub fn is_in_subnet(text: &str, subnet: &str) -> bool {
    Subnet::parse(subnet).is_some_and(|subnet| subnet.contains(text))
}

/// `isIpv4InSubnet(f, subnet)`: false if either is not IPv4.
///
/// ```
/// use logmark_engine::values::ip::is_v4_in_subnet;
/// assert!(is_v4_in_subnet("10.0.0.1", "0.0.0.0/0") && !is_v4_in_subnet("2001:db8::1", "2001:db8::/32"));
/// ```
#[must_use]
pub fn is_v4_in_subnet(text: &str, subnet: &str) -> bool {
    Subnet::parse(subnet).is_some_and(|subnet| subnet.is_v4() && subnet.contains(text))
}

/// `isIpv6InSubnet(f, subnet)`: false if either is not IPv6.
///
/// ```
/// use logmark_engine::values::ip::is_v6_in_subnet;
/// assert!(is_v6_in_subnet("2001:db8::1", "2001:db8::/32") && !is_v6_in_subnet("10.0.0.1", "10.0.0.0/8"));
/// ```
#[must_use]
pub fn is_v6_in_subnet(text: &str, subnet: &str) -> bool {
    Subnet::parse(subnet).is_some_and(|subnet| !subnet.is_v4() && subnet.contains(text))
}

/// `ipv4ToNumber(f)`: the address as a number, the first part the highest; `None` for anything else.
///
/// ```
/// use logmark_engine::values::ip::v4_to_number;
/// assert_eq!((v4_to_number("192.0.2.1"), v4_to_number("::1")), (Some(3_221_225_985), None));
/// ```
#[must_use]
pub fn v4_to_number(text: &str) -> Option<i64> {
    text.parse::<Ipv4Addr>().ok().map(|address| i64::from(address.to_bits()))
}

/// `isPrivateIP(f)`: of a private network (RFC 1918; unique local addresses of RFC 4193).
///
/// ```
/// use logmark_engine::values::ip::is_private;
/// assert!(is_private("172.31.0.1") && is_private("fd00::1") && !is_private("172.32.0.1") && !is_private("127.0.0.1"));
/// ```
#[must_use]
pub fn is_private(text: &str) -> bool {
    class(text) == Some(Class::Private)
}

/// `isReservedIP(f)`: of a range that IANA keeps for a special purpose and that is not private: loopback, link-local,
/// shared (RFC 6598), documentation, benchmarks, multicast, unspecified, broadcast, future use.
///
/// ```
/// use logmark_engine::values::ip::is_reserved;
/// assert!(is_reserved("127.0.0.1") && is_reserved("198.51.100.9") && is_reserved("::1") && !is_reserved("10.0.0.1"));
/// ```
#[must_use]
pub fn is_reserved(text: &str) -> bool {
    class(text) == Some(Class::Reserved)
}

/// `isPublicIP(f)`: an address that is neither private nor reserved.
///
/// ```
/// use logmark_engine::values::ip::is_public;
/// assert!(is_public("8.8.4.4") && is_public("2606:4700::1111") && !is_public("10.0.0.1") && !is_public("cart"));
/// ```
#[must_use]
pub fn is_public(text: &str) -> bool {
    class(text) == Some(Class::Public)
}

/// The three kinds of addresses; each address has exactly one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Private,
    Reserved,
    Public,
}

/// An IPv4 address written as IPv6 counts as the IPv4 address.
fn class(text: &str) -> Option<Class> {
    Some(match text.parse::<IpAddr>().ok()?.to_canonical() {
        IpAddr::V4(address) => class_v4(address),
        IpAddr::V6(address) => class_v6(address),
    })
}

/// The IANA IPv4 Special-Purpose Address Registry.
const fn class_v4(address: Ipv4Addr) -> Class {
    match address.octets() {
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Class::Private,
        [0 | 127 | 224..=255, ..]
        | [100, 64..=127, ..]
        | [169, 254, ..]
        | [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _] => Class::Reserved,
        _ => Class::Public,
    }
}

/// The IANA IPv6 Special-Purpose Address Registry; everything outside the global unicast space is reserved.
const fn class_v6(address: Ipv6Addr) -> Class {
    match address.segments() {
        [0xfc00..=0xfdff, ..] => Class::Private,
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => Class::Reserved,
        // The global unicast space, and translated IPv4 addresses.
        [0x2000..=0x3fff, ..] | [0x64, 0xff9b, 0, 0, 0, 0, ..] => Class::Public,
        _ => Class::Reserved,
    }
}
