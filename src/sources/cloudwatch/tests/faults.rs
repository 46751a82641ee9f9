//! For every fault of the upstream the result is the right failure or a success after few retries, without the upstream's text.

use super::fake::{CANARY, Fault};
use super::*;
use crate::sources::{Source, SourceError};

async fn read(environment: &TestEnvironment) -> Result<EventPage, SourceError> {
    let permit = permit(stream_op(TimeRange::default()));
    environment.source.read_stream(&permit, &ask(None, Direction::Forward, 10, 1000)).await
}

fn upstream(what: &str) -> SourceError {
    SourceError::Upstream(what.to_owned())
}

#[tokio::test]
async fn each_fault_has_its_failure_and_its_number_of_calls() {
    let throttled = |seconds| SourceError::Throttled { retry_after: Duration::from_secs(seconds) };
    let refused = |what: &str| SourceError::Refused(what.to_owned());
    for (fault, expected, calls) in [
        (Fault::Error(400, "ThrottlingException"), throttled(1), 3),
        (Fault::Error(429, "Nonsense"), throttled(1), 3),
        (Fault::Error(400, "LimitExceededException"), throttled(1), 3),
        (Fault::RetryAfter(429, "TooManyRequestsException", 30), throttled(30), 1),
        (Fault::Error(500, "InternalFailure"), upstream("InternalFailure, status 500"), 3),
        (Fault::Error(503, "ServiceUnavailableException"), upstream("ServiceUnavailableException, status 503"), 3),
        (Fault::Html(502), upstream("no error type, status 502"), 3),
        (Fault::Html(200), upstream("the response to GetLogEvents is invalid"), 1),
        (Fault::Html(302), upstream("no error type, status 302"), 1),
        (Fault::Empty, upstream("the response to GetLogEvents is invalid"), 1),
        (Fault::HalfJson, upstream("the response to GetLogEvents is invalid"), 1),
        (Fault::OtherJson, upstream("the response to GetLogEvents is invalid"), 1),
        (Fault::Endless, upstream("the response is longer than 16777216 bytes"), 1),
        (Fault::Error(400, "ResourceNotFoundException"), SourceError::NotFound, 1),
        (Fault::Error(400, "InvalidParameterException"), upstream("InvalidParameterException, status 400"), 1),
        (Fault::Error(400, "SomethingNewException"), upstream("SomethingNewException, status 400"), 1),
        (Fault::Error(400, "AccessDeniedException"), refused("AccessDeniedException, status 400"), 1),
        (Fault::Error(400, "UnrecognizedClientException"), refused("UnrecognizedClientException, status 400"), 1),
        (Fault::Error(400, "ExpiredTokenException"), refused("ExpiredTokenException, status 400"), 2),
        (Fault::Error(403, "SignatureDoesNotMatch"), refused("SignatureDoesNotMatch, status 403"), 1),
        (Fault::Html(403), refused("no error type, status 403"), 1),
        (Fault::Hang, SourceError::Timeout, 3),
    ] {
        let environment = TestEnvironment::new().await;
        environment.fake.state().always = Some(fault);
        assert_eq!(read(&environment).await.unwrap_err(), expected, "{fault:?}");
        assert_eq!(environment.fake.calls(), calls, "{fault:?}");
    }
}

#[tokio::test]
async fn what_passes_is_retried_and_what_breaks_off_tells_nothing() {
    for fault in [
        Fault::Error(400, "ThrottlingException"),
        Fault::RetryAfter(503, "ServiceUnavailableException", 0),
        Fault::Html(504),
        Fault::Truncated,
        Fault::Reset,
        Fault::NotHttp,
        Fault::Hang,
    ] {
        let environment = TestEnvironment::new().await;
        environment.write(&[(0, STREAM, 1)]);
        environment.fake.state().faults.extend([fault, fault]);
        assert_eq!(read(&environment).await.unwrap().events.len(), 1, "{fault:?}");
        assert_eq!(environment.fake.calls(), 3, "{fault:?}");
        environment.fake.state().always = Some(fault);
        let error = read(&environment).await.unwrap_err();
        let text = format!("{error} {error:?}");
        for canary in [CANARY, "arn:", SECRET, "AKID", "session-canary", "<html>"] {
            assert!(!text.contains(canary), "{text}");
        }
    }
}

#[tokio::test]
async fn when_everything_fails_retries_do_not_double_the_load() {
    let environment = TestEnvironment::new().await;
    environment.fake.state().always = Some(Fault::Error(503, "ServiceUnavailableException"));
    for _ in 0..200 {
        read(&environment).await.unwrap_err();
    }
    let calls = environment.fake.calls();
    assert!((10..=300).contains(&calls), "{calls} calls for 200 reads");
    assert!(matches!(read(&environment).await, Err(SourceError::Down { .. })), "the breaker is open");
    assert_eq!(environment.fake.calls(), calls);
}

#[tokio::test]
async fn a_wait_that_the_upstream_asks_for_is_kept() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 1)]);
    environment.fake.state().faults.push_back(Fault::RetryAfter(429, "TooManyRequestsException", 1));
    let begun = tokio::time::Instant::now();
    read(&environment).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
}

#[tokio::test]
async fn a_wrong_clock_is_set_once_and_a_mad_one_not_at_all() {
    for (minutes, works, calls) in [(20, true, 2), (-20, true, 2), (59, true, 2), (61, false, 1), (-600, false, 1)] {
        let environment = TestEnvironment::new().await;
        environment.write(&[(0, STREAM, 1)]);
        environment.clock.0.store(NOW + minutes * 60_000, Ordering::SeqCst);
        assert_eq!(read(&environment).await.is_ok(), works, "{minutes} minutes");
        assert_eq!(environment.fake.calls(), calls, "{minutes} minutes");
        if works {
            read(&environment).await.unwrap();
            assert_eq!(environment.fake.calls(), 3, "learnt");
        }
    }
}

#[tokio::test]
async fn many_calls_with_a_wrong_clock_all_succeed() {
    let environment = TestEnvironment::new().await;
    environment.write(&[(0, STREAM, 1)]);
    environment.clock.0.store(NOW - 20 * 60_000, Ordering::SeqCst);
    let reads = futures_util::future::join_all((0..8).map(|_| read(&environment))).await;
    assert!(reads.iter().all(Result::is_ok));
}

/// Returns the old key first, then the new one.
#[derive(Debug, Default)]
struct Renewed(AtomicI64);

impl aws_credential_types::provider::ProvideCredentials for Renewed {
    fn provide_credentials<'a>(&'a self) -> aws_credential_types::provider::future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let key = if self.0.fetch_add(1, Ordering::SeqCst) == 0 { "AKIDOLD" } else { "AKIDNEW" };
        aws_credential_types::provider::future::ProvideCredentials::ready(Ok(Credentials::new(key, SECRET, None, None, "test")))
    }
}

#[tokio::test]
async fn expired_credentials_are_renewed_once() {
    let environment = TestEnvironment::with(SharedCredentialsProvider::new(Renewed::default())).await;
    environment.write(&[(0, STREAM, 1)]);
    environment.fake.state().always = Some(Fault::ExpiredIfOld);
    read(&environment).await.unwrap();
    assert_eq!(environment.fake.calls(), 2);
    read(&environment).await.unwrap();
    assert_eq!(environment.fake.calls(), 3);
}

#[tokio::test]
async fn a_token_that_stands_still_is_an_error_and_not_a_loop() {
    let environment = TestEnvironment::new().await;
    environment.write(&varied(900));
    environment.fake.state().always = Some(Fault::SameToken);
    let stream = permit(stream_op(TimeRange::default()));
    let page = environment.source.read_stream(&stream, &ask(None, Direction::Forward, 100, 1_000_000)).await.unwrap();
    let read = environment.source.read_stream(&stream, &ask(Some(page.next), Direction::Forward, 100, 1_000_000)).await;
    assert_eq!(read.unwrap_err(), upstream("GetLogEvents returned events and the same token"));
    let group = permit(group_op(StreamSelection::All, TimeRange::default()));
    let page = environment.source.read_group(&group, &ask(None, Direction::Forward, 100, 1_000_000)).await.unwrap();
    let read = environment.source.read_group(&group, &ask(Some(page.next), Direction::Forward, 100, 1_000_000)).await;
    assert_eq!(read.unwrap_err(), upstream("FilterLogEvents returned the same token"));
    for number in 0..120 {
        environment.fake.state().logs.add_stream(&format!("/acme/{number:03}"), "s");
    }
    let groups = permit(crate::domain::operation::ListGroups { prefix: None });
    let list = environment.source.list_groups(&groups, None, 1000).await;
    assert_eq!(list.unwrap_err(), upstream("a list returned the same token, or one that is too long"));
}

#[tokio::test]
async fn nobody_there_is_a_failure_of_the_upstream() {
    let environment = TestEnvironment::new().await;
    let settings = Settings { endpoint: Some("http://127.0.0.1:1".parse().unwrap()), ..Settings::new(source_name(), REGION) };
    let provider = SharedCredentialsProvider::new(Credentials::new("AKID", SECRET, None, None, "test"));
    let source = CloudWatch::with_credentials(
        settings,
        Outbound::new().unwrap(),
        Arc::<HeldClock>::clone(&environment.clock),
        &Accounts::default(),
        provider,
    )
    .unwrap();
    let permit = permit(stream_op(TimeRange::default()));
    let error = source.read_stream(&permit, &ask(None, Direction::Forward, 10, 1000)).await.unwrap_err();
    assert!(matches!(&error, SourceError::Unreachable(what) if what.starts_with("could not connect")), "{error:?}");
    assert_eq!(source.ready().await, Ok(()), "readiness costs no call");
}
