//! Records to lines and back, and lines that are damaged: no panic, and no value in another field.

use std::collections::BTreeMap;

use logmark_access_log::{Field, Kind, Known, Line, Values};
use proptest::prelude::{Just, Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};
use proptest::sample::{Index, select};

use crate::support::{by_parser, by_query, format};

/// Values of a kind as API Gateway and its callers make them. Texts contain everything but line ends.
fn value(field: Field) -> proptest::strategy::BoxedStrategy<String> {
    let text = "[ -~é€\u{1f6d2}]{0,20}";
    match field.kind() {
        Kind::Token => "[A-Za-z0-9_=:/.-]{1,20}".boxed(),
        Kind::Path => "/[!-~]{0,16}".boxed(),
        Kind::RouteKey => prop_oneof![Just("$default".to_owned()), "(GET|ANY|POST) /[a-z{}/]{0,10}"].boxed(),
        Kind::Text => prop_oneof![4 => text, 1 => "[a-z]{1,3}\",\"[a-z,]{1,5}", 1 => "[,\\\\\"<>]{1,6}"].boxed(),
        Kind::Integer => (0_u32..1_000_000).prop_map(|n| n.to_string()).boxed(),
        Kind::Seconds => (0_u32..1_000).prop_map(|n| format!("0.{n:03}")).boxed(),
        Kind::Status => (100_u16..600).prop_map(|n| n.to_string()).boxed(),
        Kind::ClfTime => (1_u8..29, 0_u8..24).prop_map(|(day, hour)| format!("{day:02}/Feb/2024:{hour:02}:00:59 +0000")).boxed(),
        Kind::EpochMillis => (1_500_000_000_000_u64..1_900_000_000_000).prop_map(|n| n.to_string()).boxed(),
        Kind::Ip => prop_oneof![
            any::<std::net::Ipv4Addr>().prop_map(|ip| ip.to_string()),
            any::<std::net::Ipv6Addr>().prop_map(|ip| ip.to_string())
        ]
        .boxed(),
        Kind::Method => select(vec!["GET", "POST", "DELETE", "OPTIONS"]).prop_map(str::to_owned).boxed(),
        Kind::Protocol => select(vec!["HTTP/1.1", "HTTP/1.0", "HTTP/2.0"]).prop_map(str::to_owned).boxed(),
        Kind::Domain => "[a-z0-9-]{1,8}\\.example\\.com".boxed(),
    }
}

/// Some fields with values; the rest is missing.
fn values(fields: Vec<Field>) -> impl Strategy<Value = Values> {
    let entry =
        |field: Field| proptest::option::weighted(0.8, value(field)).prop_map(move |value| value.map(|value| (field, value)));
    fields.into_iter().map(entry).collect::<Vec<_>>().prop_map(|entries| {
        let is_value = |(_, value): &(Field, String)| value != "-";
        Values { fields: entries.into_iter().flatten().filter(is_value).collect(), variables: BTreeMap::new() }
    })
}

/// Templates of all kinds.
const TEMPLATES: [&str; 7] = [
    r#"$context.identity.sourceIp $context.identity.user [$context.requestTime] "$context.httpMethod $context.path $context.protocol" $context.status "$context.identity.userAgent" $context.requestId"#,
    "$context.requestId,$context.status,$context.path,$context.responseLatency",
    "$context.requestId,$context.identity.userAgent,$context.status,$context.error.message,$context.httpMethod",
    r#"<r id="$context.requestId"><a>$context.identity.userAgent</a><p>$context.path</p><s>$context.status</s></r>"#,
    r#"{"requestId":"$context.requestId","status":"$context.status","ua":"$context.identity.userAgent","message":"$context.error.message","path":"$context.path"}"#,
    r#"{"requestId":"$context.requestId","status":$context.status,"latency":$context.responseLatency,"m":$context.error.messageString}"#,
    "$context.error.message $context.httpMethod $context.identity.sourceIp $context.integration.error $context.status $context.requestId",
];

/// A record in the fields of a template.
fn record() -> impl Strategy<Value = (usize, Values)> {
    (0..TEMPLATES.len()).prop_flat_map(|number| {
        let fields = format(TEMPLATES[number]).fields().collect();
        (Just(number), values(fields))
    })
}

/// A line of a template that is damaged: cut, doubled, or with other characters in it.
fn damaged() -> impl Strategy<Value = (usize, String)> {
    let edit = prop_oneof![Just(String::new()), "[ ,\"<>\\\\\n{}é-]{1,3}", Just("\",\"".to_owned())];
    (record(), any::<Index>(), any::<Index>(), edit).prop_map(|((number, values), from, to, text)| {
        let mut line: Vec<char> = format(TEMPLATES[number]).write(&values).chars().collect();
        let (from, to) = (from.index(line.len() + 1), to.index(line.len() + 1));
        let (from, to) = (from.min(to), from.max(to).min(from + 5));
        line.splice(from..to.max(from).min(line.len()), text.chars());
        (number, line.into_iter().collect())
    })
}

proptest! {
    #[test]
    fn a_record_is_read_back_or_not_read((number, values) in record()) {
        let format = format(TEMPLATES[number]);
        let line = format.write(&values);
        match format.parse(&line) {
            Line::Access(record) => prop_assert_eq!(record.values(), values, "{}", line),
            // Texts that imitate the separators make some lines ambiguous.
            Line::Unparsed | Line::Truncated => prop_assert!(has_separator(&values), "{}", line),
            other => prop_assert!(false, "{} of {}", other.kind().name(), line),
        }
    }

    #[test]
    fn every_known_format_reads_what_it_writes(number in 0..Known::ALL.len(), values in values(Field::ALL.to_vec())) {
        let format = Known::ALL[number].format().unwrap();
        // Times of load balancers and of CloudFront have other forms; texts with quotes have escapes.
        let values = Values { fields: values.fields.into_iter().filter(|(field, _)| format.has(*field)).collect(), ..values };
        let line = format.write(&values);
        if let Line::Access(record) = format.parse(&line) {
            let again = format.write(&record.values());
            prop_assert_eq!(again, line);
        } else {
            prop_assert!(has_separator(&values) || !format.is_json(), "{}", line);
        }
    }

    #[test]
    fn a_damaged_line_is_classified((number, line) in damaged()) {
        let format = format(TEMPLATES[number]);
        if let Line::Access(record) = format.parse(&line) {
            prop_assert!(record.text(Field::Status).is_none_or(|status| status.len() == 3), "{}", line);
            let _ = (record.time(), record.values(), record.decoded(Field::Path));
        }
        prop_assert!(format.split(&line).map(str::len).sum::<usize>() <= line.len());
    }

    #[test]
    fn any_text_is_classified(text in "\\PC{0,200}", number in 0..Known::ALL.len()) {
        let format = Known::ALL[number].format().unwrap();
        let _ = (format.parse(&text), format.split(&text).count(), logmark_access_log::recognise([text.as_str()]));
        let _ = logmark_access_log::Format::from_template(&text);
    }
}

/// Whether a text has characters that separate values.
fn has_separator(values: &Values) -> bool {
    values.fields.iter().any(|(field, value)| {
        matches!(field.kind(), Kind::Text | Kind::Path) && value.contains([',', '"', '<', '>', '\\', ' ', '-', '&', '\''])
    })
}

proptest! {
    #![proptest_config(proptest::test_runner::Config::with_cases(24))]

    #[test]
    fn a_query_has_the_parsers_rows_over_generated_and_damaged_lines(
        number in 0..TEMPLATES.len(),
        records in proptest::collection::vec(record(), 1..12),
        damaged in proptest::collection::vec(damaged(), 1..12),
    ) {
        let format = format(TEMPLATES[number]);
        let own = records.into_iter().filter(|(of, _)| *of == number).map(|(_, values)| format.write(&values));
        let lines: Vec<String> = own.chain(damaged.into_iter().filter(|(of, _)| *of == number).map(|(_, line)| line)).collect();
        // A query shows escapes and sees no lines that are not JSON.
        let comparable = |line: &&str| !line.contains('\\') && format.parse(line).record().is_none_or(|record| !record.is_repaired());
        let lines: Vec<&str> = lines.iter().map(String::as_str).filter(comparable).collect();
        prop_assert_eq!(by_query(&format, &lines), by_parser(&format, &lines), "{}", format.query_prelude());
    }
}
