//! The forms of sizes and listen addresses.
//!
//! Never resolves a name, so that the configuration means the same on every machine.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// A number of bytes: digits, or a number with a unit. `KiB`, `MiB`, `GiB` are powers of 1024; `kB`, `MB`, `GB` powers of 1000.
pub(super) fn bytes(text: &str) -> Result<u64, &'static str> {
    const UNITS: [(&str, u64); 8] = [
        ("", 1),
        ("b", 1),
        ("kib", 1 << 10),
        ("mib", 1 << 20),
        ("gib", 1 << 30),
        ("kb", 1_000),
        ("mb", 1_000_000),
        ("gb", 1_000_000_000),
    ];
    const FORM: &str = "is not a number of bytes: write `65536`, or a unit as in `64KiB`, `1.5MiB`, `1GiB`, `64kB` or `1MB`";
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let (number, unit) = (&text[..end], text[end..].trim_start().to_ascii_lowercase());
    if matches!(unit.as_str(), "k" | "m" | "g") {
        return Err("has an ambiguous unit (1000 or 1024): write `KiB`, `MiB` or `GiB`, or `kB`, `MB` or `GB`");
    }
    let (_, size) = UNITS.iter().find(|(known, _)| *known == unit).ok_or(FORM)?;
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || number.ends_with('.') || fraction.contains('.') || fraction.len() > 9 {
        return Err(FORM);
    }
    let part: u64 = if fraction.is_empty() { 0 } else { fraction.parse().map_err(|_| FORM)? };
    // At most 9 digits and a unit of 2^30: below 2^60.
    let (part, scale) = (part.checked_mul(*size).ok_or(FORM)?, 10_u64.pow(u32::try_from(fraction.len()).unwrap_or(0)));
    if part % scale != 0 {
        return Err("is not a whole number of bytes");
    }
    whole.parse::<u64>().ok().and_then(|whole| whole.checked_mul(*size)?.checked_add(part / scale)).ok_or(FORM)
}

/// An address to listen on: an IP address and a port, `localhost` and a port, or `:PORT` for every IPv4 address of the machine.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, &'static str> {
    const FORM: &str = "is not an address to listen on: write a host and a port, such as `127.0.0.1:8080`, `localhost:8080`, `:8080` or `[::]:8443`";
    if let Ok(address) = text.parse() {
        return Ok(address);
    }
    if text.parse::<IpAddr>().is_ok() || text.eq_ignore_ascii_case("localhost") {
        return Err("has no port: add one, such as `127.0.0.1:8080` or `[::1]:8080`");
    }
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is only a port: write `localhost:PORT` for this machine only, or `:PORT` for every IPv4 address");
    }
    let (host, port) = text.rsplit_once(':').ok_or(FORM)?;
    let digits = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let port: u16 = if digits { port.parse().map_err(|_| "has a port above 65535")? } else { return Err(FORM) };
    let host = match host {
        "" | "*" => Ipv4Addr::UNSPECIFIED,
        name if name.eq_ignore_ascii_case("localhost") => Ipv4Addr::LOCALHOST,
        name if name.contains(':') => return Err(FORM),
        _ => return Err("contains a host name: write its IP address, `localhost`, or only `:PORT` for every IPv4 address"),
    };
    Ok(SocketAddr::from((host, port)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_the_usual_units() {
        for (text, expected) in [
            ("0", 0),
            ("65536", 65_536),
            (" 64 KiB ", 65_536),
            ("64kib", 65_536),
            ("1MiB", 1 << 20),
            ("1.5 MiB", 3 << 19),
            ("2GiB", 2 << 30),
            ("64kB", 64_000),
            ("64KB", 64_000),
            ("1MB", 1_000_000),
            ("0.5GB", 500_000_000),
            ("512B", 512),
            ("512 b", 512),
        ] {
            assert_eq!(bytes(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn invalid_sizes_are_refused() {
        for text in [
            "",
            "MiB",
            "-1",
            "+1",
            "1e6",
            "1,5MiB",
            "1.MiB",
            ".5MiB",
            "1.2.3MiB",
            "1 TiB",
            "MiB 1",
            "99999999999999999999",
            "18446744073709551615GiB",
            "1.0000000001GiB",
            "１MiB",
        ] {
            assert!(bytes(text).is_err_and(|why| why.starts_with("is not a number of bytes")), "{text}: {:?}", bytes(text));
        }
        assert_eq!(bytes("0.5"), Err("is not a whole number of bytes"));
        assert_eq!(bytes("0.0001KiB"), Err("is not a whole number of bytes"));
        for text in ["64k", "64M", "1g"] {
            assert!(bytes(text).is_err_and(|why| why.starts_with("has an ambiguous unit")), "{text}");
        }
    }

    #[test]
    fn addresses_take_the_usual_forms() {
        for (text, expected) in [
            ("127.0.0.1:8080", "127.0.0.1:8080"),
            ("[::]:8443", "[::]:8443"),
            ("[::1]:0", "[::1]:0"),
            ("localhost:8080", "127.0.0.1:8080"),
            ("LOCALHOST:1", "127.0.0.1:1"),
            (":8080", "0.0.0.0:8080"),
            ("*:8080", "0.0.0.0:8080"),
        ] {
            assert_eq!(listen_address(text), Ok(expected.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn invalid_addresses_are_refused_with_what_to_write() {
        for (text, expected) in [
            ("", "is not an address"),
            ("8080", "is only a port"),
            ("localhost", "has no port"),
            ("127.0.0.1", "has no port"),
            ("::1", "has no port"),
            (":99999", "has a port above"),
            ("127.0.0.1:99999", "has a port above"),
            ("logs.example.com:443", "contains a host name"),
            ("127.0.0.1:", "is not an address"),
            ("localhost:http", "is not an address"),
            ("localhost:+1", "is not an address"),
            ("http://localhost:8080", "is not an address"),
            ("::1:x", "is not an address"),
        ] {
            assert!(listen_address(text).is_err_and(|why| why.starts_with(expected)), "{text}: {:?}", listen_address(text));
        }
    }
}
