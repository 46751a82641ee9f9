//! The choice of a content coding (RFC 9110 §12.5.3).
//!
//! Owns the choice by `Accept-Encoding`. [`super::compress`] compresses bodies that are made for one request, and
//! [`crate::http::assets`] those that are the same for all.

use http::HeaderMap;
use http::HeaderValue;
use http::header::ACCEPT_ENCODING;

/// A content coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Coding {
    /// Zstandard (RFC 8878).
    Zstd,
    /// Brotli (RFC 7932).
    Brotli,
    /// Gzip (RFC 1952).
    Gzip,
}

impl Coding {
    /// Its name in `Content-Encoding`.
    #[must_use]
    pub fn name(self) -> HeaderValue {
        HeaderValue::from_static(match self {
            Self::Zstd => "zstd",
            Self::Brotli => "br",
            Self::Gzip => "gzip",
        })
    }

    fn is_named(self, name: &str) -> bool {
        match self {
            Self::Zstd => name.eq_ignore_ascii_case("zstd"),
            Self::Brotli => name.eq_ignore_ascii_case("br"),
            Self::Gzip => name.eq_ignore_ascii_case("gzip") || name.eq_ignore_ascii_case("x-gzip"),
        }
    }

    /// Chooses the coding with the highest quality; of equal ones, the first of `available`. `None`: no coding, since the client
    /// accepts none of them, or prefers the body without one.
    #[must_use]
    pub fn negotiate(headers: &HeaderMap, available: &[Self]) -> Option<Self> {
        let fields = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
        let given: Vec<(&str, u16)> = fields.flat_map(|field| field.split(',')).filter_map(quality).collect();
        let named = |is_it: &dyn Fn(&str) -> bool| given.iter().find(|(name, _)| is_it(name)).map(|(_, quality)| *quality);
        let any = named(&|name| name == "*");
        let identity = named(&|name| name.eq_ignore_ascii_case("identity")).or(any.filter(|quality| *quality == 0)).unwrap_or(1);
        let mut best: Option<(Self, u16)> = None;
        for coding in available {
            let quality = named(&|name| coding.is_named(name)).or(any).unwrap_or(0);
            if quality > 0 && quality >= identity && best.is_none_or(|(_, most)| quality > most) {
                best = Some((*coding, quality));
            }
        }
        best.map(|(coding, _)| coding)
    }
}

/// A coding and its quality in thousandths; a quality that is not a number is 0, so that the coding is not used.
fn quality(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let name = parts.next().filter(|name| !name.is_empty())?;
    let weight = parts.find_map(|part| part.strip_prefix("q=").or_else(|| part.strip_prefix("Q=")));
    let thousandths = weight.map_or(1000.0, |weight| weight.trim().parse::<f32>().unwrap_or(0.0) * 1000.0);
    Some((name, thousandths.clamp(0.0, 1000.0) as u16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_best_accepted_coding_is_chosen() {
        const ALL: &[Coding] = &[Coding::Brotli, Coding::Zstd, Coding::Gzip];
        for (field, expected) in [
            ("", None),
            ("identity", None),
            ("gzip", Some(Coding::Gzip)),
            ("X-GZIP", Some(Coding::Gzip)),
            ("gzip, deflate, br, zstd", Some(Coding::Brotli)),
            ("br;q=0.5, gzip;q=0.8", Some(Coding::Gzip)),
            ("br;q=0, *", Some(Coding::Zstd)),
            ("*", Some(Coding::Brotli)),
            ("*;q=0", None),
            ("gzip;q=0", None),
            ("gzip;q=0.000", None),
            ("gzip;q=0.001", Some(Coding::Gzip)),
            ("gzip;q=x", None),
            ("gzip;q=nan", None),
            ("identity;q=1, gzip;q=0.5", None),
            ("identity;q=0.5, gzip", Some(Coding::Gzip)),
            ("identity;q=0, *;q=0", None),
            ("deflate", None),
            (";;, ,", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(ACCEPT_ENCODING, field.parse().unwrap());
            assert_eq!(Coding::negotiate(&headers, ALL), expected, "{field}");
        }
        assert_eq!(Coding::negotiate(&HeaderMap::new(), ALL), None);
    }

    #[test]
    fn several_fields_are_one_list() {
        let mut headers = HeaderMap::new();
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("deflate"));
        headers.append(ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        assert_eq!(Coding::negotiate(&headers, &[Coding::Zstd, Coding::Gzip]), Some(Coding::Gzip));
    }
}
