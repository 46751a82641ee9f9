//! Lines without line ends between them.

use logmark_access_log::Known;

use crate::support::{format, known, samples};

#[test]
fn concatenated_lines_of_every_console_format_are_separated() {
    for (path, name) in [
        ("apigw/derived_rest_clf.log", Known::RestClf2018),
        ("apigw/derived_rest_json.jsonl", Known::RestJson2018),
        ("apigw/derived_rest_xml.log", Known::RestXml2018),
        ("apigw/derived_rest_csv.log", Known::RestCsv2018),
    ] {
        let Some(content) = samples(path) else { return };
        let lines: Vec<&str> = content.lines().take(200).collect();
        let joined = lines.concat();
        assert_eq!(known(name).split(&joined).collect::<Vec<_>>(), lines, "{path}");
        assert_eq!(known(name).split(&content).count(), 2_000, "{path}");
    }
}

#[test]
fn an_extended_identifier_ends_with_its_sign() {
    let line = r#"203.0.113.7 - - [17/May/2015:10:05:03 +0000] "GET /pets HTTP/1.1" 200 17 abe3ddf0-3e05-59aa-940a-9c123c89cca2 JKJaXmPLvHcESHA="#;
    let joined = [line, line, line].concat();
    assert_eq!(known(Known::RestClf).split(&joined).collect::<Vec<_>>(), [line, line, line]);
}

#[test]
fn a_text_at_the_end_gives_no_sign_of_its_end() {
    let format = format("$context.requestId $context.status $context.identity.userAgent");
    assert_eq!(format.split("a 200 curlb 404 curl\n\nc 200 x\r\n").collect::<Vec<_>>(), ["a 200 curlb 404 curl", "c 200 x"]);
}
