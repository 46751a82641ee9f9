//! The exact requests: signature, headers, host, and nothing from a caller.

use super::fake::signature;
use super::*;
use crate::aws::endpoint::{InvalidEndpoint, endpoint_of};
use crate::sources::Source;
use crate::sources::cloudwatch::{Accounts, SettingsError};
use crate::telemetry::trace;

#[tokio::test]
async fn requests_are_signed_as_a_second_calculation_says() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 1)]);
    let permit = permit(stream_op(TimeRange::default()));
    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let page = ask(None, Direction::Forward, 10, 1000);
    let read = environment.source.read_stream(&permit, &page);
    trace::scope(trace::TraceContext::from_header(Some(traceparent)), read).await.unwrap();

    let seen = environment.fake.state().seen[0].clone();
    assert_eq!(signature::check(&seen, SECRET, REGION), Ok(()));
    assert!(signature::check(&seen, "another secret", REGION).is_err());
    assert!(signature::check(&seen, SECRET, "eu-west-2").is_err());
    let mut altered = seen.clone();
    altered.raw.push(b' ');
    assert!(signature::check(&altered, SECRET, REGION).is_err());

    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/"));
    assert_eq!(seen.header("host").unwrap(), environment.fake.address.to_string());
    assert_eq!(seen.header("x-amz-target"), Some("Logs_20140328.GetLogEvents"));
    assert_eq!(seen.header("x-amz-date"), Some("20261120T100000Z"));
    assert_eq!(seen.header("x-amz-security-token"), Some("session-canary"));
    assert!(seen.header("traceparent").is_some_and(|header| header.starts_with("00-4bf92f3577b34da6a3ce929d0e0e4736-")));
    assert_eq!(seen.header("accept-encoding"), None);
    let signed = seen.header("authorization").unwrap().split("SignedHeaders=").nth(1).unwrap().split(',').next().unwrap();
    assert_eq!(signed, "content-type;host;x-amz-date;x-amz-security-token;x-amz-target");
    let body: serde_json::Value = serde_json::from_slice(&seen.raw).unwrap();
    assert_eq!(body, serde_json::json!({ "logGroupName": GROUP, "logStreamName": STREAM, "limit": 100, "startFromHead": true }));
}

#[tokio::test]
async fn no_page_is_larger_than_cloudwatch_allows() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 1)]);
    let permit = permit(group_op(StreamSelection::All, TimeRange::default()));
    environment.source.read_group(&permit, &ask(None, Direction::Forward, 1_000_000, 1000)).await.unwrap();
    assert_eq!(environment.fake.state().seen[0].body["limit"], 10_000);
}

#[test]
fn the_host_follows_from_the_region_and_nothing_else() {
    for (region, expected) in [
        ("eu-west-1", "https://logs.eu-west-1.amazonaws.com/"),
        ("us-gov-west-1", "https://logs.us-gov-west-1.amazonaws.com/"),
        ("cn-north-1", "https://logs.cn-north-1.amazonaws.com.cn/"),
    ] {
        assert_eq!(endpoint_of("logs", region, None).unwrap(), expected);
    }
    for given in ["http://127.0.0.1:4566", "https://vpce-1.logs.eu-west-1.vpce.amazonaws.com/"] {
        assert!(endpoint_of("logs", "eu-west-1", Some(given.parse().unwrap())).is_ok(), "{given}");
    }
    for given in ["https://user:pw@host/", "ftp://host/", "https://host/path", "https://host/?a=b", "/path", "host"] {
        assert_eq!(endpoint_of("logs", "eu-west-1", Some(given.parse().unwrap())), Err(InvalidEndpoint::Endpoint), "{given}");
    }
}

#[tokio::test]
async fn settings_that_cannot_be_are_refused() {
    let clock: Arc<dyn Clock> = Arc::new(HeldClock::at(Millis(NOW)));
    let connect =
        |settings| CloudWatch::connect(settings, Outbound::new().unwrap(), Arc::clone(&clock), &Accounts::default()).map(drop);
    for region in ["", "eu-west-1.evil.example/", "EU-WEST-1", "eu west", "1-eu", "eu-", "evil.example#", "eu-west-1@x"] {
        assert_eq!(connect(Settings::new(source_name(), region)), Err(InvalidEndpoint::Region(region.to_owned()).into()));
    }
    let settings = Settings { external_id: Some("x".to_owned()), ..Settings::new(source_name(), REGION) };
    assert_eq!(connect(settings.clone()), Err(SettingsError::ExternalIdWithoutRole));
    assert_eq!(connect(Settings { assume_role: Some("arn:aws:iam::1:role/x".to_owned()), ..settings }), Ok(()));
}
