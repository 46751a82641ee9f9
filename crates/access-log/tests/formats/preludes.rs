//! A query has the rows of the parser.

use logmark_access_log::{Field, Format, Known};

use crate::support::{by_parser, by_query, format, known, query, samples};

#[test]
fn queries_over_the_four_formats_have_the_parsers_rows() {
    for (path, name) in [
        ("apigw/derived_rest_clf.log", Known::RestClf2018),
        ("apigw/derived_rest_json.jsonl", Known::RestJson2018),
        ("apigw/derived_rest_xml.log", Known::RestXml2018),
        ("apigw/derived_rest_csv.log", Known::RestCsv2018),
        ("web/apache_combined_semicomplete_10k.log", Known::ApacheCombined),
    ] {
        let Some(content) = samples(path) else { return };
        let lines: Vec<&str> = content.lines().take(2_000).collect();
        let (rows, records) = (by_query(known(name), &lines), by_parser(known(name), &lines));
        assert_eq!(rows.len(), 2_000, "{path}");
        assert!(rows == records, "{path}: {:?}", rows.iter().zip(&records).find(|(row, record)| row != record));
    }
}

/// Lines of other kinds among those of a format.
const OTHERS: [&str; 8] = [
    "(2fcb2410-ea52-11e8-a930-513600b68872) Method completed with status: 200",
    "something else",
    r#"{"level":"info","message":"x"}"#,
    r#"{"requestId":"a","status":"started"}"#,
    "[]",
    "-",
    "#Version: 1.0",
    r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 2000 17 a"#,
];

#[test]
fn lines_of_other_kinds_have_no_row() {
    for name in Known::ALL {
        assert_eq!(by_query(known(*name), &OTHERS), by_parser(known(*name), &OTHERS), "{name}");
    }
}

fn same(format: &Format, lines: &[&str], rows: usize) {
    let (by_query, by_parser) = (by_query(format, lines), by_parser(format, lines));
    assert_eq!(by_query, by_parser, "{}", format.query_prelude());
    assert_eq!(by_query.len(), rows, "{}", format.query_prelude());
}

#[test]
fn a_line_with_two_readings_has_no_row() {
    let format = format("$context.requestId,$context.identity.userAgent,$context.error.message,$context.status");
    same(&format, &["a,agent,message,403", "b,agent, with comma,message,403", "c,-,-,200", "d,,,-"], 3);
}

#[test]
fn missing_values_without_quotes_have_a_row() {
    let template = r#"{"requestId":"$context.requestId","agent":"$context.identity.userAgent","status":$context.status,"latency":$context.responseLatency}"#;
    let lines = [
        r#"{"requestId":"a","agent":"x","status":200,"latency":17}"#,
        r#"{"requestId":"b","agent":"-","status":403,"latency":-}"#,
    ];
    same(&format(template), &lines, 2);
}

#[test]
fn nested_renamed_and_composed_values_have_canonical_names() {
    let template = r#"{"request-id":"$context.requestId","http":{"request":"$context.httpMethod $context.path","the status":"$context.status"},"tags":["$context.stage"],"a.b":"$context.protocol"}"#;
    let lines = [
        r#"{"request-id":"a","http":{"request":"GET /x","the status":"200"},"tags":["prod"],"a.b":"HTTP/1.1"}"#,
        r#"{"request-id":"b","http":{"request":"-","the status":"-"},"tags":["-"],"a.b":"-"}"#,
        r#"{"request-id":"c","http":{"request":"GET /y"},"tags":["prod"]}"#,
    ];
    same(&format(template), &lines, 2);
}

#[test]
fn free_text_and_types_have_the_parsers_rows() {
    let template = "$context.error.message $context.httpMethod $context.identity.sourceIp $context.integration.error $context.integration.integrationStatus $context.path $context.requestId $context.status";
    let lines = [
        "Internal server error GET 203.0.113.7 Endpoint request timed out 504 /dev/a 9d1e 504",
        "- GET 203.0.113.7 - 200 /dev/a 9d1e 200",
        "- GET 203.0.113.7 - 200 /dev/a 9d1e 20",
        "x GET 1.2.3.4 GET 203.0.113.7 - 200 /dev/a 9d1e 200",
    ];
    same(&format(template), &lines, 2);
}

#[test]
fn only_the_asked_fields_are_named() {
    let format = known(Known::UsageDashboard);
    let asked = [Field::Path, Field::IdentityUserAgent, Field::WafStatus];
    assert_eq!(format.query_prelude_of(&asked), "filter (status >= 100 and status <= 999 or status = \"-\")");
    assert_eq!(
        known(Known::RestClf2018).query_prelude_of(&[Field::Ip]),
        r#"parse @message /^(?<ip>[0-9A-Fa-fXx.:*-]+) [^\s"]+ [^\s"]+ \[[0-9A-Za-z\/: +-]{1,26}\] "[A-Z-]+ [^\s]+ [A-Za-z0-9\/.-]+" (?<status>[0-9-]{1,3}) (?<lm_8>[0-9-]+) [^\s"]+(?<lm_rest>[\s\S]*)/ | filter lm_rest like /^[\r\n]*$/ and (status >= 100 and status <= 999 or status = "-") and (isNumeric(lm_8) or lm_8 = "-")"#
    );
    assert!(known(Known::AllReports).query_prelude().len() < 100);
}

#[test]
fn a_dash_is_not_a_number() {
    let lines = [
        r#"{"requestId":"a","status":"200","responseLatency":"10"}"#,
        r#"{"requestId":"b","status":"200","responseLatency":"-"}"#,
    ];
    let prelude = known(Known::UsageDashboard).query_prelude_of(&[Field::ResponseLatency]);
    let rows = query(&format!("{prelude} | stats sum(isNumeric(responseLatency)) as number"), &lines);
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), [1]);
}
