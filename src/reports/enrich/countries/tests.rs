//! Tests with a database that is written here, byte by byte, as "`MaxMind` DB File Format Specification" 2.0 describes it.

use super::*;

/// A string as data: type 2 in the three high bits, or the length after the control byte.
fn text(text: &str) -> Vec<u8> {
    let length = u8::try_from(text.len()).unwrap();
    let mut bytes = if length < 29 { vec![2 << 5 | length] } else { vec![2 << 5 | 29, length - 29] };
    bytes.extend(text.as_bytes());
    bytes
}

/// A map: type 7, and its pairs.
fn map(pairs: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut bytes = vec![7 << 5 | u8::try_from(pairs.len()).unwrap()];
    for (key, value) in pairs {
        bytes.extend(text(key));
        bytes.extend(value);
    }
    bytes
}

/// An unsigned number: type 5 (16 bits) or 6 (32 bits), or 9 (64 bits), which is extended by a second byte.
fn number(kind: u8, value: u64) -> Vec<u8> {
    let bytes: Vec<u8> = value.to_be_bytes().into_iter().skip_while(|byte| *byte == 0).collect();
    let length = u8::try_from(bytes.len()).unwrap();
    let mut head = if kind < 8 { vec![kind << 5 | length] } else { vec![length, kind - 7] };
    head.extend(bytes);
    head
}

/// A database of IPv4 networks: a country for each first byte of an address.
pub(crate) fn database(kind: &str, countries: &[(u8, &str)]) -> Vec<u8> {
    // A node for each prefix of each first byte. Both of its records are `None`, the next node, or an offset of data.
    let mut nodes: Vec<[Option<Result<usize, usize>>; 2]> = vec![[None; 2]];
    let mut data = Vec::new();
    for (first, country) in countries {
        let offset = data.len();
        data.extend(map(&[("country", map(&[("iso_code", text(country))]))]));
        let mut node = 0;
        for bit in (0..8).rev() {
            let side = usize::from(first >> bit & 1);
            if bit == 0 {
                nodes[node][side] = Some(Err(offset));
                break;
            }
            node = match nodes[node][side] {
                Some(Ok(next)) => next,
                _ => {
                    nodes.push([None; 2]);
                    let next = nodes.len() - 1;
                    nodes[node][side] = Some(Ok(next));
                    next
                }
            };
        }
    }
    let count = nodes.len();
    let mut file = Vec::new();
    for record in nodes.iter().flatten() {
        let value = match record {
            None => count,
            Some(Ok(node)) => *node,
            Some(Err(offset)) => count + 16 + offset,
        };
        file.extend(&u32::try_from(value).unwrap().to_be_bytes()[1..]);
    }
    file.extend([0; 16]);
    file.extend(data);
    file.extend(b"\xab\xcd\xefMaxMind.com");
    file.extend(map(&[
        ("binary_format_major_version", number(5, 2)),
        ("binary_format_minor_version", number(5, 0)),
        ("build_epoch", number(9, 1_795_168_800)),
        ("database_type", text(kind)),
        ("description", map(&[("en", text("test"))])),
        ("ip_version", number(5, 4)),
        // An array (type 11) without items.
        ("languages", vec![0, 11 - 7]),
        ("node_count", number(6, count as u64)),
        ("record_size", number(5, 24)),
    ]));
    file
}

fn opened(bytes: &[u8]) -> Result<Countries, CountriesError> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("countries.mmdb");
    std::fs::write(&file, bytes).unwrap();
    Countries::open(&file)
}

#[test]
fn addresses_have_the_countries_of_their_networks() {
    let countries = opened(&database("GeoLite2-Country", &[(10, "DE"), (11, "FR"), (200, "BR")])).unwrap();
    let country = |address: &str| countries.country(address.parse().unwrap());
    assert_eq!(country("10.1.2.3").as_deref(), Some("DE"));
    assert_eq!(country("11.255.255.255").as_deref(), Some("FR"));
    assert_eq!(country("200.0.0.0").as_deref(), Some("BR"));
    assert_eq!(country("::ffff:10.1.2.3").as_deref(), Some("DE"), "an IPv4 address in IPv6 form");
    assert_eq!((country("12.0.0.1"), country("2001:db8::1")), (None, None));
    assert!(countries.description().starts_with("GeoLite2-Country of 2026-11-20, "), "{}", countries.description());
}

#[test]
fn other_files_are_refused() {
    let why = |bytes: &[u8]| opened(bytes).unwrap_err().to_string();
    assert!(why(b"").starts_with("is not a MaxMind database"), "{}", why(b""));
    assert!(why(&[0; 10_000]).starts_with("is not a MaxMind database"));
    let asn = why(&database("GeoLite2-ASN", &[(10, "DE")]));
    assert!(asn.starts_with("is a database of the type `GeoLite2-ASN`, which has no countries"), "{asn}");
    assert!(matches!(Countries::open(Path::new("/nonexistent.mmdb")), Err(CountriesError::Unreadable(_))));
}

/// Damage shows no country, or a wrong one, but never ends the process.
#[test]
fn damaged_files_do_not_panic() {
    let bytes = database("GeoLite2-Country", &[(10, "DE"), (200, "BR")]);
    for index in 0..bytes.len() {
        let mut damaged = bytes.clone();
        damaged[index] ^= 0xff;
        if let Ok(countries) = opened(&damaged) {
            for address in ["10.1.2.3", "200.0.0.1", "1.1.1.1", "2001:db8::1"] {
                let _any = countries.country(address.parse().unwrap());
            }
        }
    }
}
