//! Lines of real APIs and sites, and the same requests in API Gateway's four formats.

use logmark_access_log::{Field, Known, Line};

use crate::support::{by_parser, known, samples, text, values};

const FOUR: [(&str, Known); 4] = [
    ("apigw/derived_rest_clf.log", Known::RestClf2018),
    ("apigw/derived_rest_json.jsonl", Known::RestJson2018),
    ("apigw/derived_rest_xml.log", Known::RestXml2018),
    ("apigw/derived_rest_csv.log", Known::RestCsv2018),
];

#[test]
fn the_same_requests_have_equal_records_in_four_formats() {
    let mut first = None;
    for (path, format) in FOUR {
        let Some(content) = samples(path) else { return };
        let lines: Vec<&str> = content.lines().collect();
        let records = by_parser(known(format), &lines);
        assert_eq!(records.len(), 2_000, "{path}");
        let expected = first.get_or_insert_with(|| records.clone());
        assert!(*expected == records, "{path}");
    }
}

#[test]
fn a_site_has_the_known_counts_of_statuses() {
    let Some(content) = samples("web/apache_combined_semicomplete_10k.log") else { return };
    let format = known(Known::ApacheCombined);
    let mut counts = std::collections::BTreeMap::new();
    for line in content.lines() {
        let Line::Access(record) = format.parse(line) else { panic!("{line}") };
        *counts.entry(record.status().unwrap()).or_insert(0) += 1;
        assert!(record.time().is_some() && record.text(Field::Path).is_some(), "{line}");
    }
    let expected = [(200, 9126), (206, 45), (301, 164), (304, 445), (403, 2), (404, 213), (416, 2), (500, 3)];
    assert_eq!(counts, expected.into());
}

#[test]
fn lines_of_rest_apis_are_read() {
    let Some(content) = samples("apigw/apigw_rest_json_binxio.jsonl") else { return };
    for line in content.lines() {
        let values = values(known(Known::RestJson2018), line);
        assert_eq!(values.fields[&Field::Protocol], "HTTP/1.1");
        assert!(!values.fields.contains_key(&Field::IdentityCaller));
    }
}

#[test]
fn an_anonymised_line_keeps_its_text_and_has_no_time() {
    let line =
        r#"153.156.XXX.XXX - - [01/Nov/2019:02:XX:XX +0000] "GET /hello HTTP/1.1" 200 32 bb0afe31-edba-46a7-97c1-XXXXXXXXXXXX"#;
    let Line::Access(record) = known(Known::RestClf2018).parse(line) else { panic!("{line}") };
    assert_eq!(record.text(Field::Ip).as_deref(), Some("153.156.XXX.XXX"));
    assert_eq!((record.status(), record.integer(Field::ResponseLength), record.time()), (Some(200), Some(32), None));
}

#[test]
fn lines_of_http_and_websocket_apis_are_read() {
    let http = r#"{"requestId":"Iq8dHhlwIAMEV_g=","ip":"1.128.0.0","requestTime":"26/Jul/2023:12:13:33 +0000","httpMethod":"GET","routeKey":"GET /","status":"200","protocol":"HTTP/1.1","responseLength":"51243","stage":"$default"}"#;
    assert_eq!(text(known(Known::HttpJson), http, Field::RouteKey).as_deref(), Some("GET /"));
    let socket = r#"{"requestId":"177a5660-","ip":"1.128.0.0","caller":"-","user":"-","requestTime":"19/Jul/2023:16:17:17 +0000","eventType":"-","routeKey":"-","status":"403","connectionId":"-"}"#;
    let values = values(known(Known::WebSocketJson), socket);
    assert_eq!(
        values.fields.keys().copied().collect::<Vec<_>>(),
        [Field::RequestId, Field::Ip, Field::RequestTime, Field::Status]
    );
    let clf = r#"1.128.0.0 - - [26/Jul/2023:12:13:33 +0000] "GET GET /pets HTTP/1.1" 200 17 Iq8dHhlwIAMEV_g="#;
    assert_eq!(text(known(Known::HttpClf), clf, Field::RouteKey).as_deref(), Some("GET /pets"));
}
