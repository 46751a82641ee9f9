//! The format of lines without a template.

use logmark_access_log::{ALL_REPORTS_TEMPLATE, Field, Format, Known, Values, recognise};

use crate::support::{samples, text};

/// Values that all formats can write.
fn request() -> Values {
    Values::default()
        .with(Field::RequestId, "abe3ddf0-3e05-59aa-940a-9c123c89cca2")
        .with(Field::ExtendedRequestId, "JKJaXmPLvHcESHA=")
        .with(Field::Ip, "203.0.113.7")
        .with(Field::RequestTime, "17/May/2015:10:05:03 +0000")
        .with(Field::HttpMethod, "GET")
        .with(Field::ResourcePath, "/pets")
        .with(Field::Path, "/pets")
        .with(Field::RouteKey, "GET /pets")
        .with(Field::Protocol, "HTTP/1.1")
        .with(Field::Status, "200")
        .with(Field::ResponseLength, "17")
        .with(Field::EventType, "MESSAGE")
        .with(Field::ConnectionId, "Iq8dHhlwIAMEV_g=")
        .with(Field::ResponseLatency, "12")
        .with(Field::IntegrationLatency, "10")
}

#[test]
fn the_formats_of_the_samples_are_recognised() {
    for (path, name) in [
        ("apigw/derived_rest_clf.log", "apigateway-rest-clf-2018"),
        ("apigw/derived_rest_json.jsonl", "apigateway-rest-json-2018"),
        ("apigw/derived_rest_xml.log", "apigateway-rest-xml-2018"),
        ("apigw/derived_rest_csv.log", "apigateway-rest-csv-2018"),
        ("apigw/apigw_rest_json_binxio.jsonl", "apigateway-rest-json-2018"),
        ("web/apache_combined_semicomplete_10k.log", "apache-combined"),
    ] {
        let Some(content) = samples(path) else { return };
        assert_eq!(recognise(content.lines().take(100)).map(|format| format.name().to_owned()).as_deref(), Some(name), "{path}");
    }
    for path in ["auth/auth.log", "cloudtrail/invictus_stratus_cloudtrail.jsonl"] {
        let Some(content) = samples(path) else { return };
        assert!(recognise(content.lines().take(100)).is_none(), "{path}");
    }
}

#[test]
fn every_known_format_is_recognised_by_its_own_lines() {
    for known in Known::ALL {
        let mut values = request();
        if matches!(known, Known::CloudFront) {
            values = values.with(Field::RequestTime, "2019-12-04 21:02:31");
        } else if matches!(known, Known::Alb) {
            values = values.with(Field::RequestTime, "2018-07-02T22:23:00.186641Z");
        } else if known.name().contains("websocket") {
            values = values.with(Field::RouteKey, "sendMessage");
        }
        let line = known.format().unwrap().write(&values);
        let found = recognise([line.as_str()]).unwrap_or_else(|| panic!("{known}: {line}"));
        assert_eq!(found.name(), known.name(), "{line}");
    }
}

#[test]
fn the_majority_decides_and_execution_lines_do_not_count() {
    let format = Known::RestClf2018.format().unwrap();
    let line = format.write(&request());
    let execution = "(2fcb2410-ea52-11e8-a930-513600b68872) Method completed with status: 200";
    let other = "something else";
    let name = |lines: &[&str]| recognise(lines.iter().copied()).map(|format| format.name().to_owned());
    assert_eq!(name(&[execution, execution, execution, &line]).as_deref(), Some("apigateway-rest-clf-2018"));
    assert_eq!(name(&[&line, &line, other]).as_deref(), Some("apigateway-rest-clf-2018"));
    assert_eq!(name(&[&line, other]), None);
    assert_eq!(name(&[execution]), None);
    assert_eq!(name(&[]), None);
}

#[test]
fn json_with_other_keys_is_recognised_by_their_names() {
    let line = r#"{"request_id":"a","identity":{"sourceIp":"1.2.3.4","userAgent":"curl"},"http_method":"GET","resource_path":"/x","status":200,"integration_latency":"17","custom":"y"}"#;
    let format = recognise([line]).unwrap();
    assert_eq!((format.name(), format.is_json()), ("json", true));
    assert_eq!(text(&format, line, Field::IdentityUserAgent).as_deref(), Some("curl"));
    assert_eq!(text(&format, line, Field::IntegrationLatency).as_deref(), Some("17"));
    assert_eq!(text(&format, line, Field::RequestId).as_deref(), Some("a"));
    assert_eq!(crate::support::by_query(&format, &[line]), crate::support::by_parser(&format, &[line]));
}

#[test]
fn json_of_other_programs_is_not_an_access_log() {
    assert!(recognise([r#"{"level":"info","status":"started","requestId":"a"}"#]).is_none());
    assert!(recognise([r#"{"status":200,"message":"x"}"#]).is_none());
}

#[test]
fn the_template_for_all_reports_is_recognised() {
    let line = Format::from_template(ALL_REPORTS_TEMPLATE).unwrap().write(&request());
    assert_eq!(recognise([line.as_str()]).unwrap().name(), "all-reports");
}
