//! The traps of API Gateway's access logs, one test for each.

use logmark_access_log::{Field, Format, Known, Line};

use crate::support::{format, kind, known, text, values};

const JSON: &str = r#"{"requestId":"$context.requestId","userAgent":"$context.identity.userAgent","path":"$context.path","status":"$context.status"}"#;

#[test]
fn a_template_has_at_most_3_kb_and_one_line() {
    let long = format!("$context.requestId {}", "x".repeat(3_072));
    assert!(Format::from_template(&long).unwrap_err().to_string().contains("API Gateway accepts 3072"));
    let lines = "$context.requestId\n$context.status";
    assert_eq!(
        Format::from_template(lines).unwrap_err().to_string(),
        "at byte 18: line end inside the template: write the template in one line; a line end is allowed only at its end"
    );
    for end in ["\n", "\r\n", r"\n"] {
        assert_eq!(
            text(&format(&format!("$context.requestId $context.status{end}")), "a 200\n", Field::Status).as_deref(),
            Some("200")
        );
    }
}

#[test]
fn one_of_the_two_request_identifiers_is_required() {
    assert!(Format::from_template("$context.status").unwrap_err().to_string().contains("neither `$context.requestId` nor"));
    assert!(Format::from_template("$context.extendedRequestId $context.status").is_ok());
}

#[test]
fn a_quote_without_an_escape_in_json_is_read_by_the_literals() {
    let line = r#"{"requestId":"a","userAgent":"a "special" agent","path":"/x","status":"200"}"#;
    let format = format(JSON);
    let Line::Access(record) = format.parse(line) else { panic!("{line}") };
    assert!(record.is_repaired());
    assert_eq!(record.text(Field::IdentityUserAgent).as_deref(), Some(r#"a "special" agent"#));
    assert_eq!(record.text(Field::Path).as_deref(), Some("/x"));
    let backslash = r#"{"requestId":"a","userAgent":"C:\xampp","path":"/x","status":"200"}"#;
    assert_eq!(text(&format, backslash, Field::IdentityUserAgent).as_deref(), Some(r"C:\xampp"));
}

#[test]
fn an_escaped_quote_in_json_is_resolved() {
    let line = r#"{"requestId":"a","userAgent":"\"\"This is a special user-agent\"\"","path":"/x","status":"200"}"#;
    let format = format(JSON);
    let Line::Access(record) = format.parse(line) else { panic!("{line}") };
    assert!(!record.is_repaired());
    assert_eq!(record.text(Field::IdentityUserAgent).as_deref(), Some("\"\"This is a special user-agent\"\""));
}

#[test]
fn a_user_agent_that_imitates_the_format_is_not_read() {
    // Both the agent and the path could be the shorter or the longer one.
    let line = r#"{"requestId":"a","userAgent":"x","path":"/fake","status":"200","path":"/real","status":"404"}"#;
    assert_eq!(kind(&format(JSON), line), "unparsed");
    let broken = r#"{"requestId":"a","userAgent":"x"","path":"/fake","path":"/real","status":"404"}"#;
    assert_eq!(kind(&format(JSON), broken), "unparsed");
}

#[test]
fn a_quoted_error_message_is_quoted_once() {
    let template = r#"{"requestId":"$context.requestId","message":$context.error.messageString,"status":"$context.status"}"#;
    let format = format(template);
    let line = |message: &str| format!(r#"{{"requestId":"a","message":{message},"status":"403"}}"#);
    assert_eq!(text(&format, &line("\"Forbidden\""), Field::ErrorMessage).as_deref(), Some("Forbidden"));
    assert_eq!(text(&format, &line("\"-\""), Field::ErrorMessage), None);
    assert_eq!(text(&format, &line("-"), Field::ErrorMessage), None);
}

#[test]
fn csv_and_xml_are_not_escaped() {
    let csv = format("$context.requestId,$context.identity.userAgent,$context.status,$context.path");
    let line = "a,Mozilla/5.0 (X11; Linux, like Gecko) x,200,/a";
    assert_eq!(text(&csv, line, Field::IdentityUserAgent).as_deref(), Some("Mozilla/5.0 (X11; Linux, like Gecko) x"));
    let xml = format(
        r#"<request id="$context.requestId"> <agent>$context.identity.userAgent</agent> <status>$context.status</status> </request>"#,
    );
    // API Gateway does not say whether it escapes XML: both are read.
    for agent in ["a <b> & c", "a &lt;b&gt; &amp; c"] {
        let line = format!(r#"<request id="a"> <agent>{agent}</agent> <status>200</status> </request>"#);
        assert_eq!(text(&xml, &line, Field::IdentityUserAgent).as_deref(), Some("a <b> & c"));
    }
}

#[test]
fn two_texts_with_commas_are_not_guessed() {
    let format = format("$context.requestId,$context.identity.userAgent,$context.error.message,$context.status");
    assert_eq!(kind(&format, "a,agent,message,403"), "access");
    assert_eq!(kind(&format, "a,agent, with comma,message,403"), "unparsed");
}

#[test]
fn a_cut_line_is_truncated() {
    let line = r#"{"requestId":"a","userAgent":"Mozilla","path":"/a/b","status":"200"}"#;
    for end in 20..line.len() {
        assert_eq!(kind(&format(JSON), &line[..end]), "truncated", "{}", &line[..end]);
    }
    let clf =
        r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /pets/a HTTP/1.1" 200 17 abe3ddf0-3e05-59aa-940a-9c123c89cca2"#;
    let last = clf.rfind("abe3").unwrap();
    for end in 14..last {
        assert_eq!(kind(known(Known::RestClf2018), &clf[..end]), "truncated", "{}", &clf[..end]);
    }
    let long = format!(r#"{{"requestId":"a","userAgent":"{}"#, "x".repeat(994));
    assert_eq!((long.len(), kind(&format(JSON), &long)), (1_024, "truncated"));
}

#[test]
fn free_text_without_quotes_is_separated_by_the_types_of_its_neighbours() {
    let template = "$context.error.message $context.httpMethod $context.identity.sourceIp $context.integration.error $context.integration.integrationStatus $context.integration.latency $context.integration.requestId $context.integration.status $context.path $context.requestId $context.responseLatency $context.responseLength $context.stage $context.status";
    let line = "Internal server error GET 203.0.113.7 Endpoint request timed out 504 29000 3f1c 504 /dev/a 9d1e 29012 41 dev 504";
    let format = format(template);
    let values = values(&format, line);
    assert_eq!(values.fields[&Field::ErrorMessage], "Internal server error");
    assert_eq!(values.fields[&Field::IntegrationError], "Endpoint request timed out");
    assert_eq!(values.fields[&Field::IntegrationLatency], "29000");
    assert_eq!(values.fields[&Field::Stage], "dev");
    let fine = "- GET 203.0.113.7 - 200 12 3f1c 200 /dev/a 9d1e 14 41 dev 200";
    assert_eq!(text(&format, fine, Field::IntegrationError), None);
    assert_eq!(text(&format, fine, Field::ResponseLatency).as_deref(), Some("14"));
}

#[test]
fn lines_of_the_execution_log_are_told_apart() {
    for line in [
        "(2fcb2410-ea52-11e8-a930-513600b68872) Method completed with status: 200",
        "(Iq8dHhlwIAMEV_g=) Extended Request Id: Iq8dHhlwIAMEV_g=",
        "(2fcb2410-ea52-11e8-a930-513600b68872) Endpoint response body before transformations: {\"status\":\"200\"}",
    ] {
        assert_eq!(kind(known(Known::RestClf), line), "execution");
        assert_eq!(kind(&format(JSON), line), "execution");
        assert_eq!(kind(&format("$context.error.message $context.requestId $context.status"), line), "execution");
    }
    assert_eq!(kind(&format(JSON), "Enable logging"), "unparsed");
}

#[test]
fn the_protocol_and_the_address_are_as_logged() {
    let line = r#"2001:db8::1 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 200 17 a"#;
    assert_eq!(text(known(Known::RestClf2018), line, Field::Ip).as_deref(), Some("2001:db8::1"));
}

#[test]
fn a_request_identifier_that_was_replaced_is_text_like_any_other() {
    let line = r#"1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 200 17 5f2a_REPLACED_INVALID_REQUEST_ID"#;
    assert_eq!(text(known(Known::RestClf2018), line, Field::RequestId).as_deref(), Some("5f2a_REPLACED_INVALID_REQUEST_ID"));
}

#[test]
fn a_dash_is_a_missing_value_and_numbers_may_be_strings() {
    let line = r#"{"requestId":"a","userAgent":"-","path":"/x","status":"200"}"#;
    let format = format(JSON);
    let record = format.parse(line).record().unwrap();
    assert_eq!((record.text(Field::IdentityUserAgent), record.status()), (None, Some(200)));
    let bare = r#"{"requestId":"$context.requestId","status":$context.status,"latency":$context.responseLatency}"#;
    let bare = crate::support::format(bare);
    assert_eq!(text(&bare, r#"{"requestId":"a","status":200,"latency":17}"#, Field::ResponseLatency).as_deref(), Some("17"));
    assert_eq!(text(&bare, r#"{"requestId":"a","status":403,"latency":-}"#, Field::ResponseLatency), None);
    assert!(bare.warnings().iter().any(|warning| warning.contains("without quotes")), "{:?}", bare.warnings());
}

#[test]
fn a_request_without_a_route_has_a_path_alone() {
    let format = format(
        r#"{"requestId":"$context.requestId","resourcePath":"$context.resourcePath","path":"$context.path","status":"$context.status"}"#,
    );
    let line = r#"{"requestId":"a","resourcePath":"-","path":"/dev/%c2%a3","status":"403"}"#;
    let record = format.parse(line).record().unwrap();
    assert_eq!(record.text(Field::ResourcePath), None);
    assert_eq!(record.text(Field::Path).as_deref(), Some("/dev/%c2%a3"));
    assert_eq!(record.decoded(Field::Path).as_deref(), Some("/dev/£"));
}
