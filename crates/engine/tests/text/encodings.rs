//! AWS User Guide, *Boolean, comparison, numeric, datetime, and other functions*: encodings and hashes; RFC 4648's vectors.

use logmark_engine::values::encode;
use logmark_engine::values::strings::LONGEST_TEXT;
use proptest::prelude::{prop_assert_eq, proptest};

#[test]
fn base64_is_that_of_rfc_4648() {
    let vectors = [
        ("", ""),
        ("f", "Zg=="),
        ("fo", "Zm8="),
        ("foo", "Zm9v"),
        ("foob", "Zm9vYg=="),
        ("fooba", "Zm9vYmE="),
        ("foobar", "Zm9vYmFy"),
    ];
    for (text, encoded) in vectors {
        assert_eq!(encode::base64_encode(text).as_deref(), Some(encoded));
        assert_eq!(encode::base64_decode(encoded).as_deref(), Some(text));
        assert_eq!(encode::base64_decode(encoded.trim_end_matches('=')).as_deref(), Some(text));
    }
}

#[test]
fn what_is_no_valid_writing_gives_nothing() {
    for text in ["Z", "Zg=", "Zh==", "Zm9v\n", "Zm-_", "=", "////"] {
        let decoded = encode::base64_decode(text);
        assert!(decoded.is_none() || text == "Zg=", "{text:?} {decoded:?}");
    }
    for text in ["%", "a%2", "%zz", "%+1", "%é", "%c3", "%80"] {
        assert_eq!(encode::url_decode(text), None, "{text:?}");
    }
    for text in ["4", "4g", "80", "é1", "4 4", "0x4"] {
        assert_eq!(encode::hex_to_ascii(text), None, "{text:?}");
    }
    for text in ["", "0x", "+f", "-1", "g", " f", "8000000000000000"] {
        assert_eq!(encode::hex_to_decimal(text), None, "{text:?}");
    }
}

#[test]
fn hexadecimal_numbers_reach_to_the_largest_integer() {
    assert_eq!(encode::hex_to_decimal("7fffffffffffffff"), Some(i64::MAX));
    assert_eq!(encode::hex_to_decimal("00000000000000000000ff"), Some(255));
    assert_eq!((encode::decimal_to_hex(0).as_deref(), encode::decimal_to_hex(i64::MIN)), (Some("0"), None));
    assert_eq!(encode::hex_to_ascii("").as_deref(), Some(""));
    assert_eq!(encode::hex_to_ascii("0x48692E").as_deref(), Some("Hi."));
}

#[test]
fn hashes_are_those_of_rfc_1321_and_fips_180() {
    assert_eq!(encode::md5("abc"), "900150983cd24fb0d6963f7d28e17f72");
    assert_eq!(encode::md5(""), "d41d8cd98f00b204e9800998ecf8427e");
    assert_eq!(encode::sha256("abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

#[test]
fn only_the_unreserved_characters_stay_in_an_encoded_url() {
    assert_eq!(encode::url_encode("AZaz09-._~").as_deref(), Some("AZaz09-._~"));
    assert_eq!(encode::url_encode("?a=b&c d+/:*'()!").as_deref(), Some("%3Fa%3Db%26c%20d%2B%2F%3A%2A%27%28%29%21"));
    assert_eq!(encode::url_decode("%2b%2B+").as_deref(), Some("+++"));
}

#[test]
fn encoding_stops_at_the_longest_text() {
    let long = "/".repeat(LONGEST_TEXT / 2 + 1);
    assert_eq!((encode::url_encode(&long), encode::base64_encode(&long)), (None, None));
}

proptest! {
    #[test]
    fn decoding_undoes_encoding(text in ".{0,40}") {
        let url = encode::url_encode(&text).unwrap_or_default();
        prop_assert_eq!(encode::url_decode(&url), Some(text.clone()));
        let base64 = encode::base64_encode(&text).unwrap_or_default();
        prop_assert_eq!(encode::base64_decode(&base64), Some(text));
    }

    #[test]
    fn numbers_come_back_from_hexadecimal(number in 0_i64..) {
        let written = encode::decimal_to_hex(number).unwrap_or_default();
        prop_assert_eq!(encode::hex_to_decimal(&written), Some(number));
    }
}
