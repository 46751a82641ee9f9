//! The table of meanings: which module computes which function.
//!
//! One `match` over all functions and no arm for "others", so that the table of functions cannot grow without a meaning.

use std::borrow::Cow;

use super::CallError;
use super::compiled::{Known, Step};
use crate::values::ip::Subnet;
use crate::values::value::Value;
use crate::values::{arithmetic, bucket, coerce, encode, ip, json, replace, strings, time};
use logmark_insights::functions::Function;

/// The function for this number of arguments, before any argument is compiled.
pub(super) fn of(function: Function, arguments: usize) -> Result<Step, CallError> {
    use Known::Varies;
    use Step::{AreSuch, IsSuch, One, Text, Two};
    Ok(match function {
        Function::Abs => One(arithmetic::abs),
        Function::Ceil => One(arithmetic::ceil),
        Function::Floor => One(arithmetic::floor),
        Function::Greatest => Step::All(arithmetic::greatest),
        Function::Least => Step::All(arithmetic::least),
        Function::Log => One(arithmetic::log),
        Function::Round => Step::All(round),
        Function::Sqrt => One(arithmetic::sqrt),
        Function::Haversine => Step::All(haversine),
        Function::ToNumber => One(arithmetic::to_number),
        Function::ToInt => One(arithmetic::to_int),
        Function::ToLong => One(arithmetic::to_long),
        Function::ToDouble => One(arithmetic::to_double),

        Function::Bin => Step::Bin(Varies),
        Function::DateFloor => Step::Bucket(bucket::floor, Varies),
        Function::DateCeil => Step::Bucket(bucket::ceil, Varies),
        Function::FromMillis => One(time::from_millis),
        Function::ToMillis => One(time::to_millis),
        Function::Now => Step::Context(|context| time::epoch_seconds(context.query.now).into()),
        Function::ParseDate => Step::ParseDate(Varies, Varies),
        Function::FormatDate => Step::FormatDate(Varies, Varies),
        Function::QueryStartTime => Step::Context(|context| context.query.start.into()),
        Function::QueryEndTime => Step::Context(|context| context.query.end.into()),
        Function::QueryTimeRange => Step::Context(|context| context.query.end.checked_sub(context.query.start).into()),

        Function::IsPresent => One(|value| (!value.is_missing()).into()),
        Function::Coalesce => Step::All(coalesce),
        Function::Case => Step::All(case),
        Function::If => Step::All(case),
        Function::IsNumeric => One(|value| coerce::is_numeric(value).into()),
        Function::MessageSize if arguments == 0 => Step::Context(|context| context.message.map(size).into()),
        Function::MessageSize => Text(|text| size(text).into()),
        Function::Unmask => One(Clone::clone),

        Function::JsonParse => Text(json::parse),
        Function::JsonStringify => One(|value| json::stringify(value).into()),
        Function::JsonArraySize => One(|value| json::array_size(value).into()),
        Function::JsonArrayContains => Two(|list, item| json::array_contains(list, item).unwrap_or(false).into()),

        Function::IsValidIp => IsSuch(ip::is_valid),
        Function::IsValidIpV4 => IsSuch(ip::is_valid_v4),
        Function::IsValidIpV6 => IsSuch(ip::is_valid_v6),
        Function::IsIpInSubnet => Step::InSubnet(|_| true, Varies),
        Function::IsIpV4InSubnet => Step::InSubnet(Subnet::is_v4, Varies),
        Function::IsIpV6InSubnet => Step::InSubnet(|subnet| !subnet.is_v4(), Varies),
        Function::IpV4ToNumber => Text(|text| ip::v4_to_number(text).into()),
        Function::IsPrivateIp => IsSuch(ip::is_private),
        Function::IsPublicIp => IsSuch(ip::is_public),
        Function::IsReservedIp => IsSuch(ip::is_reserved),

        Function::IsEmpty => One(|value| i64::from(strings::is_empty(coerce::text(value).as_deref())).into()),
        Function::IsBlank => One(|value| i64::from(strings::is_blank(coerce::text(value).as_deref())).into()),
        Function::Concat => Step::All(concat),
        Function::LTrim => Step::Trim(|text, set| set.left(text).to_owned(), Varies),
        Function::RTrim => Step::Trim(|text, set| set.right(text).to_owned(), Varies),
        Function::Trim => Step::Trim(|text, set| set.trim(text).to_owned(), Varies),
        Function::StrLen => Text(|text| strings::length(text).into()),
        Function::ToUpper => Text(|text| strings::to_upper(text).into()),
        Function::ToLower => Text(|text| strings::to_lower(text).into()),
        Function::Substr => Step::All(|values| substring(values).into()),
        Function::Replace => Step::All(|values| replaced(values).into()),
        Function::RegexReplace => Step::RegexReplace(Varies, Varies),
        Function::StrContains => Step::All(contains),
        Function::StartsWith => AreSuch(strings::starts_with),
        Function::EndsWith => AreSuch(strings::ends_with),
        Function::UrlEncode => Text(|text| encode::url_encode(text).into()),
        Function::UrlDecode => Text(|text| encode::url_decode(text).into()),
        Function::Base64Encode => Text(|text| encode::base64_encode(text).into()),
        Function::Base64Decode => Text(|text| encode::base64_decode(text).into()),
        Function::Split => Two(split),
        Function::HexToAscii => Text(|text| encode::hex_to_ascii(text).into()),
        Function::HexToDec => Text(|text| encode::hex_to_decimal(text).into()),
        Function::DecToHex => One(|value| coerce::whole_number(value).and_then(encode::decimal_to_hex).into()),
        Function::Md5 => Text(|text| encode::md5(text).into()),
        Function::Sha256 => Text(|text| encode::sha256(text).into()),

        Function::Count
        | Function::CountDistinct
        | Function::Sum
        | Function::Avg
        | Function::Min
        | Function::Max
        | Function::Pct
        | Function::StdDev
        | Function::Earliest
        | Function::Latest
        | Function::SortsFirst
        | Function::SortsLast
        | Function::Rate
        | Function::CountOverTime
        | Function::SumOverTime
        | Function::Values
        | Function::TopK
        | Function::Histogram => return Err(CallError::OfGroup(function)),
    })
}

/// In bytes.
fn size(text: &str) -> i64 {
    i64::try_from(text.len()).unwrap_or(i64::MAX)
}

fn round(values: &[Value]) -> Value {
    values.first().map_or(Value::Missing, |value| arithmetic::round(value, values.get(1)))
}

fn haversine(values: &[Value]) -> Value {
    match values {
        [latitude, longitude, other_latitude, other_longitude] => {
            arithmetic::haversine(latitude, longitude, other_latitude, other_longitude)
        }
        _ => Value::Missing,
    }
}

/// The first value that is present; empty text is present.
fn coalesce(values: &[Value]) -> Value {
    values.iter().find(|value| !value.is_missing()).cloned().unwrap_or_default()
}

/// `case` and `if`: the value after the first condition that holds, else the last value if it has no condition.
fn case(values: &[Value]) -> Value {
    for pair in values.chunks(2) {
        match pair {
            [condition, value] if coerce::truth(condition) => return value.clone(),
            [default] => return default.clone(),
            _ => {}
        }
    }
    Value::Missing
}

fn concat(values: &[Value]) -> Value {
    let texts: Option<Vec<Cow<'_, str>>> = values.iter().map(coerce::text).collect();
    texts.and_then(|texts| strings::concat(texts.iter().map(|text| &**text))).into()
}

fn substring(values: &[Value]) -> Option<String> {
    let text = coerce::text(values.first()?)?;
    let start = coerce::whole_number(values.get(1)?)?;
    let length = match values.get(2) {
        Some(length) => Some(coerce::whole_number(length)?),
        None => None,
    };
    strings::substring(&text, start, length).map(str::to_owned)
}

fn replaced(values: &[Value]) -> Option<String> {
    let [text, searched, replacement] = values else { return None };
    let (text, searched) = (coerce::text(text)?, coerce::text(searched)?);
    replace::replace(&text, &searched, &coerce::text(replacement)?).map(Cow::into_owned)
}

fn contains(values: &[Value]) -> Value {
    let text = |place: usize| values.get(place).and_then(coerce::text);
    let ask = if values.get(2).is_some_and(coerce::truth) { strings::contains_ignoring_case } else { strings::contains };
    let found = text(0).zip(text(1)).is_some_and(|(text, searched)| ask(&text, &searched));
    i64::from(found).into()
}

fn split(text: &Value, separator: &Value) -> Value {
    let texts = coerce::text(text).zip(coerce::text(separator));
    texts.map_or(Value::Missing, |(text, separator)| strings::split_list(&text, &separator))
}
