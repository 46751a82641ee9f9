//! AWS User Guide, *Boolean, comparison, numeric, datetime, and other functions*, section *IP address string functions*.

use logmark_engine::values::ip::{self, Subnet};

#[test]
fn an_address_is_written_in_one_strict_form() {
    // text, version 4, version 6
    let rows = [
        ("192.0.2.7", true, false),
        ("0.0.0.0", true, false),
        ("255.255.255.255", true, false),
        ("256.0.2.7", false, false),
        ("192.0.2.07", false, false),
        ("192.0.2", false, false),
        ("192.0.2.7.", false, false),
        ("192.0.2.7:80", false, false),
        ("192.0.2.7/32", false, false),
        (" 192.0.2.7", false, false),
        ("192.0.2.7\n", false, false),
        ("3221225985", false, false),
        ("0x7f.0.0.1", false, false),
        ("١٩٢.0.2.7", false, false),
        ("", false, false),
        ("::", false, true),
        ("2001:DB8::7", false, true),
        ("2001:db8:0:0:0:0:0:7", false, true),
        ("::ffff:192.0.2.7", false, true),
        ("::ffff:192.0.2.07", false, false),
        ("1:2:3:4:5:6:7", false, false),
        ("1:2:3:4:5:6:7:8:9", false, false),
        ("1::2::3", false, false),
        ("12345::", false, false),
        ("fe80::1%eth0", false, false),
        ("[::1]", false, false),
        (":1", false, false),
    ];
    for (text, four, six) in rows {
        assert_eq!((ip::is_valid_v4(text), ip::is_valid_v6(text), ip::is_valid(text)), (four, six, four || six), "{text:?}");
        assert_eq!(ip::v4_to_number(text).is_some(), four, "{text:?}");
    }
}

#[test]
fn an_address_is_in_a_subnet_of_its_version() {
    // address, subnet, of any version, of version 4, of version 6
    let rows = [
        ("203.0.113.99", "203.0.113.0/24", true, true, false),
        ("203.0.114.0", "203.0.113.0/24", false, false, false),
        ("2001:db8:ffff::9", "2001:db8::/32", true, false, true),
        ("2001:db9::", "2001:db8::/32", false, false, false),
        ("10.9.8.7", "10.1.2.3/8", true, true, false),
        ("10.9.8.7", "0.0.0.0/0", true, true, false),
        ("10.9.8.7", "10.9.8.7/32", true, true, false),
        ("10.9.8.6", "10.9.8.7/32", false, false, false),
        ("10.9.8.7", "::/0", false, false, false),
        ("::1", "0.0.0.0/0", false, false, false),
        ("::1", "::/0", true, false, true),
        ("::1", "::1/128", true, false, true),
        ("::ffff:10.0.0.1", "10.0.0.0/8", false, false, false),
        ("::ffff:10.0.0.1", "::ffff:0:0/96", true, false, true),
        ("cart", "0.0.0.0/0", false, false, false),
    ];
    for (address, subnet, any, four, six) in rows {
        let found =
            (ip::is_in_subnet(address, subnet), ip::is_v4_in_subnet(address, subnet), ip::is_v6_in_subnet(address, subnet));
        assert_eq!(found, (any, four, six), "{address} {subnet}");
    }
}

#[test]
fn what_is_no_subnet_contains_nothing() {
    let rows =
        ["10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0.0/+8", "10.0.0.0/08", "10.0.0.0/ 8", "10.0.0.0/8/8"];
    for text in rows.into_iter().chain(["::/129", "/8", "", "10.0.0.0/255.0.0.0", "10/8", "10.0.0.0/99999999999"]) {
        assert_eq!(Subnet::parse(text), None, "{text:?}");
        assert!(!ip::is_in_subnet("10.0.0.1", text), "{text:?}");
    }
}

#[test]
fn each_address_is_private_or_reserved_or_public() {
    let private = ["10.0.0.0", "172.16.0.0", "172.31.255.255", "192.168.9.9", "fc00::", "fdff::1", "::ffff:10.0.0.1"];
    let reserved = [
        "0.0.0.0",
        "127.0.0.1",
        "100.64.0.1",
        "169.254.169.254",
        "192.0.0.8",
        "192.0.2.1",
        "198.18.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:127.0.0.1",
        "fe80::1",
        "ff02::1",
        "2001:db8::1",
        "2002::1",
        "4000::",
    ];
    let public = [
        "9.9.9.9",
        "172.15.0.1",
        "172.32.0.1",
        "192.169.0.1",
        "100.128.0.1",
        "198.20.0.1",
        "223.255.255.255",
        "2600::1",
        "64:ff9b::1.1.1.1",
    ];
    let class = |text: &str| (ip::is_private(text), ip::is_reserved(text), ip::is_public(text));
    for (texts, expected) in
        [(&private[..], (true, false, false)), (&reserved, (false, true, false)), (&public, (false, false, true))]
    {
        for text in texts {
            assert_eq!(class(text), expected, "{text}");
        }
    }
    assert_eq!(class("cart"), (false, false, false));
}

#[test]
fn an_address_of_version_4_is_a_number() {
    let rows = [("0.0.0.0", Some(0)), ("0.0.1.0", Some(256)), ("255.255.255.255", Some(4_294_967_295)), ("::", None)];
    for (text, number) in rows {
        assert_eq!(ip::v4_to_number(text), number, "{text}");
    }
}
