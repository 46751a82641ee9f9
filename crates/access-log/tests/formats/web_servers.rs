//! Apache, nginx, load balancers, CloudFront.

use logmark_access_log::{Field, Known, Line, recognise};

use crate::support::{kind, known, text, values};

#[test]
fn a_combined_line_has_its_referer_and_agent() {
    let line = r#"203.0.113.7 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b=c HTTP/1.0" 200 2326 "http://www.example.com/start.html" "Mozilla/4.08 \"x\" [en]""#;
    let format = known(Known::ApacheCombined);
    let Line::Access(record) = format.parse(line) else { panic!("{line}") };
    assert_eq!(record.text(Field::IdentityUser).as_deref(), Some("frank"));
    assert_eq!(record.text(Field::Path).as_deref(), Some("/a?b=c"));
    assert_eq!(record.text(Field::HttpMethod).as_deref(), Some("GET"));
    assert_eq!(record.decoded(Field::IdentityUserAgent).as_deref(), Some(r#"Mozilla/4.08 "x" [en]"#));
    assert_eq!(record.time(), Some(971_211_336_000));
    assert_eq!(format.write(&record.values()), line);
}

#[test]
fn a_line_without_its_last_quote_is_read() {
    let line = r#"203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] "GET /a HTTP/1.0" 200 2326 "-" "Mozilla/4.08 (cut"#;
    let format = known(Known::ApacheCombined);
    assert_eq!(text(format, line, Field::IdentityUserAgent).as_deref(), Some("Mozilla/4.08 (cut"));
    let lines = [line, &line[..line.len() - 20], &line.replace("(cut", "\"cut")];
    assert_eq!(crate::support::by_query(format, &lines), crate::support::by_parser(format, &lines));
    assert_eq!(lines.map(|line| kind(format, line)), ["access", "truncated", "unparsed"]);
}

#[test]
fn a_request_that_is_not_http_has_no_path() {
    let line = r#"203.0.113.7 - - [10/Oct/2000:13:55:36 -0700] "\x16\x03\x01" 400 226 "-" "-""#;
    let values = values(known(Known::ApacheCombined), line);
    assert_eq!(values.fields[&Field::Status], "400");
    assert!(!values.fields.contains_key(&Field::Path) && !values.fields.contains_key(&Field::Referer));
}

const ALB: &str = r#"https 2018-07-02T22:23:00.186641Z app/my-loadbalancer/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 0.086 0.048 0.037 200 200 0 57 "GET https://www.example.com:443/a HTTP/1.1" "curl/7.46.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2 arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/my-targets/73e2d6bc24d8a067 "Root=1-58337281-1d84f3d73c47ec4e58577259" "www.example.com" "arn:aws:acm:us-east-2:123456789012:certificate/12345678" 1 2018-07-02T22:22:48.364000Z "authenticate,forward" "-" "-" "10.0.0.1:80" "200" "-" "-" TID_123"#;

#[test]
fn a_line_of_a_load_balancer_has_milliseconds() {
    let Line::Access(record) = known(Known::Alb).parse(ALB) else { panic!("{ALB}") };
    assert_eq!(record.text(Field::Ip).as_deref(), Some("192.168.131.39"));
    assert_eq!(record.number(Field::IntegrationLatency), Some(48.0));
    assert_eq!(record.text(Field::ResponseLatency).as_deref(), Some("171"));
    assert_eq!(record.text(Field::DomainName).as_deref(), Some("www.example.com"));
    assert_eq!(record.text(Field::Path).as_deref(), Some("https://www.example.com:443/a"));
    assert_eq!(record.time(), Some(1_530_570_180_186));
    let failed = ALB.replace("0.086 0.048 0.037 200 200", "-1 -1 -1 503 -").replace("192.168.131.39:2817", "[2001:db8::1]:2817");
    let Line::Access(record) = known(Known::Alb).parse(&failed) else { panic!("{failed}") };
    assert_eq!((record.number(Field::ResponseLatency), record.status()), (None, Some(503)));
    assert_eq!(record.text(Field::Ip).as_deref(), Some("2001:db8::1"));
    assert_eq!(record.text(Field::TargetStatus), None);
}

const HEADER: &str = "#Fields: date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) time-taken x-edge-request-id";
const CLOUDFRONT: &str = "2019-12-04\t21:02:31\tLAX1\t392\t192.0.2.100\tGET\td111111abcdef8.cloudfront.net\t/index.html\t200\t-\tMozilla/5.0%20(Windows%20NT%2010.0)\t0.001\tSOX4xwn4XV6Q4rgb7XiVGOHms_BGlTAC4KyHmureZmBNrjGdRLiNIQ==";

#[test]
fn the_columns_of_cloudfront_are_named_by_the_header() {
    let format = recognise(["#Version: 1.0", HEADER, CLOUDFRONT]).unwrap();
    assert_eq!((format.name(), kind(&format, HEADER)), ("cloudfront", "header"));
    let Line::Access(record) = format.parse(CLOUDFRONT) else { panic!("{CLOUDFRONT}") };
    assert_eq!(record.text(Field::IdentityUserAgent).as_deref(), Some("Mozilla/5.0 (Windows NT 10.0)"));
    assert_eq!(record.number(Field::ResponseLatency), Some(1.0));
    assert_eq!(record.time(), Some(1_575_493_351_000));
    assert_eq!(text(&format, CLOUDFRONT, Field::RequestTime).as_deref(), Some("2019-12-04 21:02:31"));
}

#[test]
fn queries_give_the_fields_of_web_servers() {
    let format = recognise([HEADER, CLOUDFRONT]).unwrap();
    assert_eq!(
        crate::support::by_query(&format, &[HEADER, CLOUDFRONT]),
        crate::support::by_parser(&format, &[HEADER, CLOUDFRONT])
    );
    let lines = [
        ALB,
        "other",
        r#"h2 2018-07-02T22:23:00.186641Z app/x 1.2.3.4:5 - -1 -1 -1 503 - 3 4 "GET http://a/ HTTP/2.0" "-" - - - "-" "-" "-" 0"#,
    ];
    assert_eq!(crate::support::by_query(known(Known::Alb), &lines), crate::support::by_parser(known(Known::Alb), &lines));
}
