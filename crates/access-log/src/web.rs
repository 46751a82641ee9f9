//! Formats of web servers, load balancers and CloudFront.
//!
//! - Apache and nginx: the common and the combined format. The request is split into method, path and protocol.
//! - Application Load Balancer: the fields up to the certificate, then the fields that later versions add.
//! - CloudFront's standard log: columns between tabs, named by the `#Fields:` header.

use std::borrow::Cow;

use crate::compile;
use crate::field::Field;
use crate::format::Format;
use crate::layout::{RequestPart, Source};
use crate::record::Values;

const COMMON: &str = r#"{ip|token} {logname} {identityUser} [{requestTime}] "{request|quoted}" {status} {responseLength}"#;

/// The fields of a request line in a slot.
const fn request(slot: usize) -> [(Field, Source); 3] {
    [
        (Field::HttpMethod, Source::Request(slot, RequestPart::Method)),
        (Field::Path, Source::Request(slot, RequestPart::Path)),
        (Field::Protocol, Source::Request(slot, RequestPart::Protocol)),
    ]
}

/// `%h %l %u %t "%r" %>s %b`
pub(crate) fn apache_common() -> Format {
    compile::pattern("apache-common", COMMON, &request(4))
}

/// The common format, the referer and the user agent.
pub(crate) fn apache_combined() -> Format {
    let pattern = r#"{ip|token} {logname} {identityUser} [{requestTime}] "{request|quoted}" {status} {responseLength} "{referer|quoted}" "{identityUserAgent|quoted}""#;
    compile::pattern("apache-combined", pattern, &request(4))
}

/// Access logs of an Application Load Balancer.
pub(crate) fn alb() -> Format {
    let pattern = concat!(
        "{type} {requestTime|token} {elb} {client:port} {target:port} {request_processing_time|seconds} ",
        "{target_processing_time|seconds} {response_processing_time|seconds} {status} {targetStatus} {requestLength} ",
        r#"{responseLength} "{request|quoted}" "{identityUserAgent|quoted}" {cipherSuite} {tlsVersion} {target_group_arn} "#,
        r#""{xrayTraceId|quoted}" "{domainName|quoted}" "{chosen_cert_arn|quoted}" {rest|text}"#
    );
    let [method, path, protocol] = request(12);
    let computed = [
        (Field::Ip, Source::Peer(3)),
        (Field::IntegrationLatency, Source::Millis(6)),
        (Field::ResponseLatency, Source::MillisSum([5, 6, 7])),
        method,
        path,
        protocol,
    ];
    compile::pattern("alb", pattern, &computed)
}

/// The columns of CloudFront's standard log, in the order of its header.
pub(crate) const CLOUDFRONT_COLUMNS: &str = "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) \
    cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken \
    x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port \
    time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end";

/// CloudFront's standard log with these columns, separated by white space; columns behind them are ignored.
pub(crate) fn cloudfront(columns: &str) -> Format {
    let names: Vec<&str> = columns.split_ascii_whitespace().collect();
    let place = |name: &str| names.iter().position(|known| *known == name);
    let mut computed = Vec::new();
    if let (Some(date), Some(time)) = (place("date"), place("time")) {
        computed.push((Field::RequestTime, Source::DateAndTime(date, time)));
    }
    computed.extend(place("time-taken").map(|slot| (Field::ResponseLatency, Source::Millis(slot))));
    computed.extend(place("cs(User-Agent)").map(|slot| (Field::IdentityUserAgent, Source::Percent(slot))));
    let column = |name: &&str| format!("{{{}}}", column(name));
    let pattern = names.iter().map(column).collect::<Vec<_>>().join("\t");
    compile::pattern("cloudfront", &pattern, &computed)
}

/// A column as a value of a pattern. Values between tabs may be empty.
fn column(name: &str) -> String {
    let field = match name {
        "sc-bytes" => Field::ResponseLength,
        "cs-bytes" => Field::RequestLength,
        "c-ip" => Field::Ip,
        "cs-method" => Field::HttpMethod,
        "x-host-header" => Field::DomainName,
        "cs-uri-stem" => Field::Path,
        "sc-status" => Field::Status,
        "cs(Referer)" => Field::Referer,
        "x-edge-request-id" => Field::RequestId,
        "cs-protocol-version" => Field::Protocol,
        "x-edge-location" => Field::EdgeLocation,
        "x-edge-result-type" => Field::EdgeResultType,
        "ssl-protocol" => Field::TlsVersion,
        "ssl-cipher" => Field::CipherSuite,
        other => return format!("{other}|column"),
    };
    let is_number = field.kind().is_number();
    format!("{field}{}", if is_number { "" } else { "|column" })
}

/// The text of a value that several fields are computed from.
pub(crate) fn computed<'v>(name: &str, values: &'v Values) -> Option<Cow<'v, str>> {
    let text = |field: Field| values.fields.get(&field).map(String::as_str);
    let seconds = |field: Field| Some(Cow::Owned(format!("{:.6}", text(field)?.parse::<f64>().ok()? / 1000.0)));
    match name {
        "request" => {
            let (method, path, protocol) = (text(Field::HttpMethod)?, text(Field::Path)?, text(Field::Protocol)?);
            Some(Cow::Owned(format!("{method} {path} {protocol}")))
        }
        "client:port" => text(Field::Ip).map(|ip| Cow::Owned(format!("{ip}:0"))),
        "target_processing_time" => seconds(Field::IntegrationLatency),
        "request_processing_time" | "response_processing_time" => Some(Cow::Borrowed("0.000000")),
        "time-taken" => seconds(Field::ResponseLatency),
        "date" => text(Field::RequestTime)?.split(' ').next().map(Cow::Borrowed),
        "time" => text(Field::RequestTime)?.split(' ').nth(1).map(Cow::Borrowed),
        "cs(User-Agent)" => text(Field::IdentityUserAgent).map(|agent| {
            Cow::Owned(percent_encoding::utf8_percent_encode(agent, percent_encoding::NON_ALPHANUMERIC).to_string())
        }),
        _ => None,
    }
}
