//! Tests against a fake Service Quotas, which records requests and returns scripted responses.

use std::collections::VecDeque;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use serde_json::{Value, json};

use super::*;
use crate::domain::name::SourceName;
use crate::domain::time::SystemClock;
use crate::sources::cloudwatch::settings::QuotaRefresh;
use crate::sources::cloudwatch::{Accounts, CloudWatch, Settings};
use crate::test_world::python::Helper;
use crate::test_world::small_http::{Message, SmallHttp};

struct Fake(SmallHttp);

impl Fake {
    /// Returns these responses in order, then status 500.
    async fn start(answers: Vec<(u16, Value)>) -> Self {
        let mut answers = VecDeque::from(answers);
        let answer = move |_: &Message| {
            let (status, body) = answers.pop_front().unwrap_or((500, json!({})));
            (status, body.to_string())
        };
        Self(SmallHttp::start(answer).await)
    }

    /// A source that reads its quotas from the fake.
    fn source(&self, given: GivenQuotas) -> CloudWatch {
        let credentials = Credentials::new("AKID", "secret", Some("session".to_owned()), None, "test");
        let endpoint = Some(self.0.endpoint.parse().unwrap());
        let mut settings = Settings::new(SourceName::try_from("eu").unwrap(), "eu-central-1");
        settings.quotas.overlay(&given);
        settings.service_quotas = Some(QuotaRefresh { endpoint, given });
        let provider = SharedCredentialsProvider::new(credentials);
        CloudWatch::with_credentials(settings, Outbound::new().unwrap(), Arc::new(SystemClock), &Accounts::default(), provider)
            .unwrap()
    }

    async fn read(&self) -> Result<GivenQuotas, ReadError> {
        self.source(GivenQuotas::default()).service_quotas.unwrap().read().await
    }
}

fn quota(name: &str, value: impl Into<Value>) -> Value {
    let period = json!({ "PeriodValue": 1, "PeriodUnit": "SECOND" });
    json!({ "ServiceCode": "logs", "QuotaCode": "L-00000000", "QuotaName": name, "Value": value.into(), "Period": period })
}

fn calls(api: &str) -> String {
    format!("{api} throttle limit in transactions per second")
}

#[tokio::test]
async fn every_page_is_asked_for_and_signed_for_service_quotas() {
    let fake = Fake::start(vec![
        (200, json!({ "Quotas": [quota(&calls("GetLogEvents"), 40.0), quota("Log groups", 1_000_000)], "NextToken": "two" })),
        (200, json!({ "Quotas": [], "NextToken": "three" })),
        (200, json!({ "Quotas": [quota(&calls("StartQuery"), 12.5)] })),
    ])
    .await;
    let read = fake.read().await.unwrap();
    assert_eq!(read.calls_per_second, [(Api::GetLogEvents, 40.0), (Api::StartQuery, 12.5)].into());
    assert_eq!(read.concurrent_queries, None);
    let seen = fake.0.seen();
    let asked: Vec<Value> = seen.iter().map(|request| serde_json::from_str(request.body()).unwrap()).collect();
    let first = json!({ "ServiceCode": "logs", "MaxResults": 100 });
    let second = json!({ "ServiceCode": "logs", "MaxResults": 100, "NextToken": "two" });
    assert_eq!((&asked[0], &asked[1], &asked[2]["NextToken"]), (&first, &second, &json!("three")));
    let requests: Vec<Value> = seen.iter().map(Message::to_json).collect();
    let judged = tokio::task::spawn_blocking(move || {
        let botocore = Helper::start("check_requests.py", &["secret", "eu-central-1"]);
        requests.iter().map(|request| botocore.ask(request)).collect::<Vec<_>>()
    });
    assert_eq!(judged.await.unwrap(), ["ok"; 3], "botocore accepts each signature and parameter");
    for request in seen {
        let head = request.text().to_ascii_lowercase();
        for part in [
            "post / http/1.1",
            "x-amz-target: servicequotasv20190624.listservicequotas",
            "content-type: application/x-amz-json-1.1",
            "/eu-central-1/servicequotas/aws4_request",
            "x-amz-security-token: session",
        ] {
            assert!(head.contains(part), "{part}\n{head}");
        }
    }
}

#[tokio::test]
async fn what_is_no_sensible_rate_of_one_of_our_operations_is_ignored() {
    let by_minute =
        json!({ "QuotaName": calls("StartQuery"), "Value": 60.0, "Period": { "PeriodValue": 1, "PeriodUnit": "MINUTE" } });
    let quotas = [
        quota(&calls("GetLogEvents"), 0.0),
        quota(&calls("FilterLogEvents"), -5.0),
        quota(&calls("DescribeLogGroups"), 1e9),
        quota(&calls("PutLogEvents"), 5000.0),
        quota("GetQueryResults throttle limit in transactions per second in a burst", 99.0),
        quota("StopQuery", 99.0),
        quota(&calls("GetLogRecord"), Value::Null),
        json!({ "QuotaName": calls("GetLogGroupFields") }),
        json!({ "Value": 3.0 }),
        by_minute,
        json!({ "QuotaName": calls("DescribeLogStreams"), "Value": 30.0, "Unit": "None", "ErrorReason": null }),
    ];
    let fake = Fake::start(vec![(200, json!({ "Quotas": quotas }))]).await;
    assert_eq!(fake.read().await.unwrap().calls_per_second, [(Api::DescribeLogStreams, 30.0)].into());
}

#[tokio::test]
async fn what_is_no_answer_is_an_error_without_a_word_of_it() {
    let denied =
        json!({ "__type": "AccessDeniedException", "Message": "arn:aws:iam::123456789012:user/canary is not authorized" });
    for (answers, expected) in [
        (vec![(400, denied)], "status 400: the role must allow `servicequotas:ListServiceQuotas`"),
        (vec![(500, json!({ "message": "canary" }))], "status 500"),
        (vec![(302, json!({}))], "status 302"),
        (vec![(200, json!([1]))], "the response is invalid"),
        (vec![(200, json!({ "Quotas": [{ "Value": "many" }] }))], "the response is invalid"),
        (vec![(200, json!({ "NextToken": "a" })), (200, json!({ "NextToken": "a" }))], "the response is invalid"),
        ((0..20).map(|page| (200, json!({ "NextToken": page.to_string() }))).collect(), "the response is invalid"),
    ] {
        let fake = Fake::start(answers).await;
        assert_eq!(fake.read().await.unwrap_err().to_string(), expected);
        assert!(fake.0.seen().len() <= MAX_PAGES);
    }
}

#[tokio::test]
async fn rate_limiters_use_the_read_quotas_and_the_configured_ones_first() {
    let quotas = [quota(&calls("GetLogEvents"), 40.0), quota(&calls("FilterLogEvents"), 20.0)];
    let fake = Fake::start(vec![(200, json!({ "Quotas": quotas }))]).await;
    let given = GivenQuotas { calls_per_second: [(Api::GetLogEvents, 3.0)].into(), concurrent_queries: Some(7) };
    let reader = fake.source(given).service_quotas.unwrap();
    let rates = || {
        [Api::GetLogEvents, Api::FilterLogEvents, Api::StartQuery]
            .map(|api| reader.account_limits.rate_limiter(api).unwrap().state().ceiling)
    };
    let before = rates();
    let mut held = reader.quotas.clone();
    reader.apply(&reader.read().await.unwrap(), &mut held);
    let ours = |quotas: [f64; 3]| quotas.map(|rate| rate * (1.0 - held.reserve));
    assert_eq!((before, rates()), (ours([3.0, 5.0, 10.0]), ours([3.0, 20.0, 10.0])));
    assert_eq!((held.concurrent_queries, held.reserve), (7, reader.quotas.reserve));
}

#[test]
fn of_an_accounts_sources_the_first_that_is_to_reads_its_quotas() {
    let accounts = Accounts::default();
    let reads = |region: &str, is_to: bool| {
        let mut settings = Settings::new(SourceName::try_from("eu").unwrap(), region);
        settings.service_quotas = is_to.then(|| QuotaRefresh { endpoint: None, given: GivenQuotas::default() });
        let source = CloudWatch::connect(settings, Outbound::new().unwrap(), Arc::new(SystemClock), &accounts);
        source.unwrap().service_quotas.is_some()
    };
    assert!(!reads("eu-central-1", false));
    assert!(reads("eu-central-1", true));
    assert!(!reads("eu-central-1", true), "one reads for all");
    assert!(reads("eu-west-1", true));
}

#[tokio::test]
async fn a_source_configured_not_to_read_quotas_makes_no_call() {
    let settings = Settings::new(SourceName::try_from("eu").unwrap(), "eu-central-1");
    let source = CloudWatch::connect(settings, Outbound::new().unwrap(), Arc::new(SystemClock), &Accounts::default()).unwrap();
    source.refresh_quotas().await;
    assert!(source.service_quotas.is_none());
}
