//! The fields that are discovered in AWS logs that are not JSON: Lambda, VPC flow logs, Route 53.
//!
//! Owns which lines are recognised and the names and units of their fields. A line must match a format completely to have its
//! fields. Names are from the AWS User Guide, page *Supported logs and discovered fields*; the formats are from the services' own
//! guides.

use super::number::Number;
use super::value::Value;

/// A field's name and its value.
pub type Field = (&'static str, Value);

/// The fields of a line that the Lambda runtime writes: `START`, `END` and `REPORT`, and the request of other lines.
///
/// Times are in milliseconds, memory in bytes: AWS's sample queries divide it by 1000 twice to get megabytes.
///
/// ```
/// use logmark_engine::values::{log_fields, value::Value};
///
/// let line = "REPORT RequestId: 6f747a61-51d7-4e3a-9f5a-2f6f1f1c0001\tDuration: 12.50 ms\tBilled Duration: 13 ms\t\
///             Memory Size: 128 MB\tMax Memory Used: 64 MB\t\n";
/// let fields = log_fields::lambda(line);
/// assert_eq!(fields[0], ("@type", Value::Text("REPORT".into())));
/// assert_eq!(fields[2], ("@duration", Value::Double(12.5)));
/// assert_eq!(fields[4], ("@memorySize", Value::Integer(128_000_000)));
/// ```
#[must_use]
pub fn lambda(message: &str) -> Vec<Field> {
    let kind = ["START", "END", "REPORT"]
        .into_iter()
        .find(|kind| message.strip_prefix(kind).is_some_and(|rest| rest.starts_with(" RequestId: ")));
    let Some(kind) = kind else {
        // Runtimes begin their lines with a time and the request, separated by tabs.
        let request = message.split('\t').nth(1).filter(|request| is_request(request));
        return request.map(|request| ("@requestId", text(request))).into_iter().collect();
    };
    let mut fields = vec![("@type", text(kind))];
    for part in message[kind.len()..].split(['\t', '\n']) {
        let Some((name, value)) = part.trim().split_once(": ") else { continue };
        let value = value.trim();
        let field = match name {
            "RequestId" => value.split(' ').next().map(|request| ("@requestId", text(request))),
            "Duration" => amount(value, "ms").map(|value| ("@duration", value)),
            "Billed Duration" => amount(value, "ms").map(|value| ("@billedDuration", value)),
            "Init Duration" => amount(value, "ms").map(|value| ("@initDuration", value)),
            "Memory Size" => megabytes(value).map(|value| ("@memorySize", value)),
            "Max Memory Used" => megabytes(value).map(|value| ("@maxMemoryUsed", value)),
            "XRAY TraceId" => Some(("@xrayTraceId", text(value))),
            "SegmentId" => Some(("@xraySegmentId", text(value))),
            _ => None,
        };
        fields.extend(field);
    }
    fields
}

/// The fields of a VPC flow log record of version 2, the default format; empty for any other line.
///
/// ```
/// use logmark_engine::values::{log_fields, value::Value};
///
/// let fields = log_fields::vpc_flow("2 111122223333 eni-0a1b 10.0.0.5 10.0.1.9 443 51512 6 12 4096 1700000000 1700000060 ACCEPT OK");
/// assert_eq!(fields[3], ("srcAddr", Value::Text("10.0.0.5".into())));
/// assert_eq!(fields[9], ("bytes", Value::Integer(4096)));
/// ```
#[must_use]
pub fn vpc_flow(message: &str) -> Vec<Field> {
    const NAMES: [(&str, bool); 14] = [
        ("version", true),
        ("accountId", false),
        ("interfaceId", false),
        ("srcAddr", false),
        ("dstAddr", false),
        ("srcPort", true),
        ("dstPort", true),
        ("protocol", true),
        ("packets", true),
        ("bytes", true),
        ("startTime", true),
        ("endTime", true),
        ("action", false),
        ("logStatus", false),
    ];
    let state = message.trim_end().rsplit(' ').next().unwrap_or_default();
    let recognised = message.starts_with("2 ") && ["OK", "NODATA", "SKIPDATA"].contains(&state);
    if recognised { table(message, &NAMES) } else { Vec::new() }
}

/// The fields of a query log of Route 53, format version 1.0; empty for any other line.
///
/// ```
/// use logmark_engine::values::{log_fields, value::Value};
///
/// let fields = log_fields::route53("1.0 2026-01-05T08:00:00.000Z Z0EXAMPLE shop.example A NOERROR UDP FRA6 192.0.2.53 -");
/// assert_eq!(fields[3], ("queryName", Value::Text("shop.example".into())));
/// assert_eq!(fields.len(), 9);
/// ```
#[must_use]
pub fn route53(message: &str) -> Vec<Field> {
    const NAMES: [(&str, bool); 10] = [
        ("version", false),
        ("queryTimestamp", false),
        ("hostZoneId", false),
        ("queryName", false),
        ("queryType", false),
        ("responseCode", false),
        ("protocol", false),
        ("edgeLocation", false),
        ("resolverIp", false),
        ("ednsClientSubnet", false),
    ];
    let recognised = message.starts_with("1.0 ") && message.split(' ').nth(1).is_some_and(|time| time.ends_with('Z'));
    if recognised { table(message, &NAMES) } else { Vec::new() }
}

/// Columns between single spaces, as many as names; a `-` is a missing value. A line with another text in a numeric column does
/// not match.
fn table(message: &str, names: &[(&'static str, bool)]) -> Vec<Field> {
    let columns: Vec<&str> = message.trim_end().split(' ').take(names.len() + 1).collect();
    if columns.len() != names.len() {
        return Vec::new();
    }
    let present = names.iter().zip(columns).filter(|(_, column)| *column != "-");
    let field = |((name, number), column): (&(&'static str, bool), &str)| {
        let value = if *number { column.parse().ok().map(Value::Integer) } else { Some(text(column)) };
        value.map(|value| (*name, value))
    };
    present.map(field).collect::<Option<_>>().unwrap_or_default()
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

/// `12.50 ms`; whole numbers as such.
fn amount(value: &str, unit: &str) -> Option<Value> {
    let number = value.strip_suffix(unit)?.trim_end();
    Number::parse(number).filter(|number| *number >= Number::Integer(0)).map(Value::from)
}

fn megabytes(value: &str) -> Option<Value> {
    match amount(value, "MB")? {
        Value::Integer(number) => number.checked_mul(1_000_000).map(Value::Integer),
        _ => None,
    }
}

/// 8-4-4-4-12 hexadecimal digits.
fn is_request(text: &str) -> bool {
    let dash = |place: usize| [8, 13, 18, 23].contains(&place);
    text.len() == 36
        && text.bytes().enumerate().all(|(place, byte)| if dash(place) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}
