//! Deserializes the kinds of values: strings with a check, lists, numbers in a range, durations, sizes, URLs.
//!
//! Owns the form of each kind and its error texts. Never knows which key has which kind: the fields of the sections name
//! these functions in `#[serde(deserialize_with = …)]`.

use std::fmt::{self, Display};
use std::marker::PhantomData;
use std::num::NonZeroU32;
use std::ops::RangeInclusive;
use std::time::Duration;

use serde::de::{DeserializeSeed, Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use url::{Host, Url};

use super::forms;
use super::spelling::{duration as shown, quoted};
use crate::domain::time::parse_duration;

/// A string type that only its check creates, and that deserializes.
macro_rules! text_type {
    ($(#[$meta:meta])* $name:ident, $check:path) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl $name {
            /// The text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::config::values::text(deserializer, |text| $check(text).map(|()| Self(text.to_owned())))
            }
        }
    };
}
pub(super) use text_type;

/// A string that passes a check. The error repeats the string.
pub(super) fn text<'de, D: Deserializer<'de>, T, E: Display>(
    deserializer: D,
    check: impl FnOnce(&str) -> Result<T, E>,
) -> Result<T, D::Error> {
    let text = String::deserialize(deserializer)?;
    check(&text).map_err(|error| D::Error::custom(format_args!("{} {error}", quoted(&text))))
}

/// A name: 1 to `LONGEST` characters, without control characters.
pub(super) fn name<const LONGEST: usize>(text: &str) -> Result<String, String> {
    if text.is_empty() {
        Err("is empty".to_owned())
    } else if text.chars().count() > LONGEST {
        Err(format!("is longer than {LONGEST} characters"))
    } else if text.chars().any(char::is_control) || text.trim() != text {
        Err("contains control characters, or begins or ends with a space".to_owned())
    } else {
        Ok(text.to_owned())
    }
}

/// A list of different strings. `empty` says what to write into an empty list; `None` if it may be empty.
pub(super) fn list<'de, D: Deserializer<'de>, T: PartialEq, E: Display>(
    deserializer: D,
    empty: Option<&'static str>,
    check: impl Fn(&str) -> Result<T, E>,
) -> Result<Vec<T>, D::Error> {
    deserializer.deserialize_seq(ListVisitor { empty, check, item: PhantomData })
}

struct ListVisitor<T, F> {
    empty: Option<&'static str>,
    check: F,
    item: PhantomData<T>,
}

impl<'de, T: PartialEq, E: Display, F: Fn(&str) -> Result<T, E>> Visitor<'de> for ListVisitor<T, F> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Vec<T>, A::Error> {
        if let (Some(0), Some(hint)) = (items.size_hint(), self.empty) {
            return Err(A::Error::custom(format_args!("is empty: {hint}")));
        }
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(ItemSeed { seen: &values, check: &self.check })? {
            values.push(value);
        }
        Ok(values)
    }
}

/// One item of a list, so that its errors are located at the item.
struct ItemSeed<'a, T, F> {
    seen: &'a [T],
    check: &'a F,
}

impl<'de, T: PartialEq, E: Display, F: Fn(&str) -> Result<T, E>> DeserializeSeed<'de> for ItemSeed<'_, T, F> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        let value = text(deserializer, self.check)?;
        if self.seen.contains(&value) { Err(D::Error::custom("is listed twice")) } else { Ok(value) }
    }
}

/// An integer from `LEAST` to `MOST`.
pub(super) fn integer<'de, const LEAST: u64, const MOST: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    fit(i128::deserialize(deserializer)?, LEAST..=MOST)
        .ok_or_else(|| D::Error::custom(format_args!("must be from {LEAST} to {MOST}")))
}

fn fit<T: TryFrom<u64>>(number: i128, range: RangeInclusive<u64>) -> Option<T> {
    T::try_from(u64::try_from(number).ok().filter(|number| range.contains(number))?).ok()
}

/// An integer that may be absent.
pub(super) fn optional_integer<'de, const LEAST: u64, const MOST: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<T>, D::Error> {
    integer::<LEAST, MOST, T, D>(deserializer).map(Some)
}

/// A limit where 0 means none, up to `MOST`.
pub(super) fn limit<'de, const MOST: u64, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    integer::<0, MOST, u32, D>(deserializer).map(NonZeroU32::new)
}

/// An integer from 1 to `MOST`, as a type that excludes 0.
pub(super) fn nonzero<'de, const MOST: u32, T: TryFrom<NonZeroU32>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let number = u32::try_from(i128::deserialize(deserializer)?).ok().filter(|number| *number <= MOST).and_then(NonZeroU32::new);
    let number = number.and_then(|number| T::try_from(number).ok());
    number.ok_or_else(|| D::Error::custom(format_args!("must be from 1 to {MOST}")))
}

/// A limit from 1 to `MOST`.
pub(super) fn positive<'de, const MOST: u32, D: Deserializer<'de>>(deserializer: D) -> Result<Option<NonZeroU32>, D::Error> {
    nonzero::<MOST, NonZeroU32, D>(deserializer).map(Some)
}

fn not_negative<E: serde::de::Error>(number: f64) -> Result<f64, E> {
    if number.is_finite() && number >= 0.0 { Ok(number) } else { Err(E::custom("must be a number, 0 or greater")) }
}

/// A number that is not negative.
pub(super) fn amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    not_negative(f64::deserialize(deserializer)?)
}

/// An amount that may be absent.
pub(super) fn optional_amount<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    amount(deserializer).map(Some)
}

/// A number, or a string that contains one with a unit.
#[derive(Deserialize)]
#[serde(untagged, expecting = "must be a number, or a string with a unit")]
enum Quantity {
    Integer(i64),
    Float(f64),
    Text(String),
}

/// A share below 1: a number, or a string in percent.
pub(super) fn share<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = part(deserializer)?;
    if share < 1.0 { Ok(share) } else { Err(D::Error::custom("must be below 1 (100%): nothing would be left for Logmark")) }
}

/// A part of a whole, not negative: a number, or a string in percent.
pub(super) fn part<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
    let share = match Quantity::deserialize(deserializer)? {
        Quantity::Integer(number) => f64::from(i32::try_from(number).unwrap_or(i32::MAX)),
        Quantity::Float(number) => number,
        Quantity::Text(text) => parse_share(&text).ok_or_else(|| {
            let form = "write a number such as `0.2`, or a percentage in quotes such as `20%`";
            D::Error::custom(format_args!("{} is not a share: {form}", quoted(&text)))
        })?,
    };
    not_negative(share)
}

fn parse_share(text: &str) -> Option<f64> {
    let (digits, scale) = text.trim().strip_suffix('%').map_or((text.trim(), 1.0), |digits| (digits.trim_end(), 100.0));
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    digits.parse::<f64>().ok().filter(|_| is_number).map(|number| number / scale)
}

/// A number of bytes from `LEAST` to `MOST`: an integer, or a string with a unit.
pub(super) fn bytes<'de, const LEAST: u64, const MOST: u64, T: TryFrom<u64>, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    let bytes = match Quantity::deserialize(deserializer)? {
        Quantity::Integer(number) => i128::from(number),
        Quantity::Float(_) => return Err(D::Error::custom("must be an integer, or a string such as `64KiB`, not a float")),
        Quantity::Text(text) => {
            forms::bytes(&text).map_err(|error| D::Error::custom(format_args!("{} {error}", quoted(&text))))?.into()
        }
    };
    fit(bytes, LEAST..=MOST).ok_or_else(|| D::Error::custom(format_args!("must be from {LEAST} to {MOST} bytes")))
}

/// A string whose type error names its meaning.
struct TextVisitor(&'static str);

impl Visitor<'_> for TextVisitor {
    type Value = String;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }

    fn visit_str<E>(self, text: &str) -> Result<String, E> {
        Ok(text.to_owned())
    }
}

/// A duration from `LEAST` to `MOST` seconds.
pub(super) fn duration<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Duration, D::Error> {
    const FORM: &str = "a duration such as `30s`, `10m`, `1h30m` or `31d`";
    let text = deserializer.deserialize_str(TextVisitor(FORM))?;
    // Only the configuration takes milliseconds: in the times of requests, a number of milliseconds is a timestamp.
    let millis = text.strip_suffix("ms").and_then(|count| count.parse().ok()).map(Duration::from_millis);
    let Some(length) = millis.or_else(|| parse_duration(&text).ok()) else {
        return Err(D::Error::custom(format_args!("must be {FORM}, not {}", quoted(&text))));
    };
    let (least, most) = (Duration::from_secs(LEAST), Duration::from_secs(MOST));
    if (least..=most).contains(&length) {
        Ok(length)
    } else {
        Err(D::Error::custom(format_args!("must be from {} to {}", shown(least), shown(most))))
    }
}

/// A duration that may be absent.
pub(super) fn optional_duration<'de, const LEAST: u64, const MOST: u64, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<Duration>, D::Error> {
    duration::<LEAST, MOST, D>(deserializer).map(Some)
}

/// Where plain HTTP is allowed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum PlainHttp {
    Anywhere,
    /// To this machine only.
    Loopback,
}

/// A URL without user and fragment. The error does not repeat the text: a URL may contain a password.
pub(super) fn parse_url(text: &str, plain: PlainHttp) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "is not a URL: write a complete one, such as `https://logs.example.com`")?;
    if !matches!(url.scheme(), "http" | "https") {
        Err("must begin with `https://`")
    } else if !url.username().is_empty() || url.password().is_some() {
        Err("contains a user or a password: remove them")
    } else if url.fragment().is_some() {
        Err("has a fragment (`#`): remove it")
    } else if url.scheme() == "http" && plain == PlainHttp::Loopback && !is_loopback(&url) {
        Err("must begin with `https://`: `http://` is only allowed to this machine, such as `http://127.0.0.1:9000`")
    } else {
        Ok(url)
    }
}

/// A URL as [`parse_url`], without a query.
pub(super) fn parse_base_url(text: &str, plain: PlainHttp) -> Result<Url, &'static str> {
    let url = parse_url(text, plain)?;
    if url.query().is_some() { Err("has a query (`?`): remove it") } else { Ok(url) }
}

/// A base URL, with HTTPS or plain HTTP, that may be absent.
pub(super) fn base_url<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Url>, D::Error> {
    let text = String::deserialize(deserializer)?;
    parse_base_url(&text, PlainHttp::Anywhere).map(Some).map_err(D::Error::custom)
}

/// Whether the URL leads to this machine.
pub(super) fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        None => false,
    }
}
