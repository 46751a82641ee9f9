//! The requests to CloudWatch, validated by AWS's own code: a proxy before moto records every request, and botocore checks them.

use std::collections::BTreeSet;

use crate::world::fake_cloudwatch::{Fake, REGION, SECRET};
use crate::world::moto::Moto;
use crate::world::python::Helper;
use crate::world::recorder::{Recorded, Recorder};

use super::subject::{Subject, group_path, now, segment, stream_path};

/// A canary in every client header except the token, and in names.
const MARK: &str = "client-mark";

/// Makes Logmark send each of its operations, with every possible member.
async fn use_everything(subject: &Subject, recorder: &Recorder) -> Vec<Recorded> {
    let (group, limited, begin) = (subject.group("api"), subject.limited_group("api"), Subject::begin());
    let events: Vec<(i64, String)> = (0..20).map(|number| (begin + number, format!("event {number}"))).collect();
    let events: Vec<(i64, &str)> = events.iter().map(|(at, text)| (*at, text.as_str())).collect();
    for stream in ["prod-1", "2026/11/20/[$LATEST]é"] {
        subject.put(&group, stream, &events).await;
        subject.put(&limited, stream, &events).await;
    }
    let odd = [
        ("x-amz-target", MARK),
        ("x-amz-date", MARK),
        ("x-amz-security-token", MARK),
        ("x-amz-content-sha256", MARK),
        ("x-amzn-trace-id", MARK),
        ("x-forwarded-for", MARK),
        ("x-forwarded-host", MARK),
        ("forwarded", MARK),
        ("via", MARK),
        ("x-request-id", MARK),
        ("x-client-mark", "1"),
        ("user-agent", MARK),
        ("referer", MARK),
        ("cookie", MARK),
        ("origin", MARK),
        ("baggage", MARK),
        ("tracestate", "client-mark=1"),
        ("traceparent", MARK),
        ("accept-language", MARK),
        ("content-type", MARK),
        ("if-none-match", MARK),
        ("expect-ct", MARK),
    ];
    let range = format!("start={begin}&end={}", begin + 1000);
    for target in [
        format!("{}?{range}&limit=3&from=tail", stream_path(&group, "2026/11/20/[$LATEST]é")),
        format!("{}?{range}&limit=3", group_path(&group)),
        format!("{}?{range}&limit=1000&from=tail", group_path(&group)),
        format!("{}?{range}&limit=3&streams=prod-1", group_path(&group)),
        format!("{}?{range}&limit=3&streamPrefix=prod-", group_path(&group)),
        format!("{}?{range}&limit=3&filter=event", group_path(&group)),
        format!("{}?{range}&limit=3&filter=%22event+1%22", stream_path(&group, "prod-1")),
        format!("{}?{range}&limit=3", group_path(&limited)),
        format!("{}?{range}&format=ndjson", group_path(&group)),
        format!("/groups?limit=1&prefix={}", segment(&subject.group(""))),
        format!("/groups/{}", segment(&group)),
        format!("/groups/{}/streams?prefix=p&order=desc&limit=1", segment(&group)),
        format!("/groups/{}/streams?orderBy=lastEvent&limit=1", segment(&group)),
    ] {
        let answer = subject.acme().get_with(&target, &odd).await;
        assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        for name in ["nextCursor", "previousCursor"] {
            if answer.header("content-type") == "application/json"
                && let Some(cursor) = answer.json()[name].as_str()
            {
                let path = if target.starts_with("/groups") { target.split('?').next().unwrap() } else { "/logs" };
                subject.acme().get_with(&format!("{path}?limit=3&cursor={cursor}"), &odd).await;
            }
        }
    }
    recorder.seen()
}

#[tokio::test]
async fn botocore_finds_each_request_signed_and_in_its_model() {
    let recorder = Recorder::before(Moto::shared().await.address).await;
    let subject = Subject::moto_by(recorder.address).await;
    let seen = use_everything(&subject, &recorder).await;

    let (known, judged) = (seen.clone(), seen.len());
    let verdicts = tokio::task::spawn_blocking(move || {
        let botocore = Helper::start("check_requests.py", &[SECRET, REGION]);
        let verdicts: Vec<_> = known.iter().map(|request| botocore.ask(&request.to_json())).collect();
        // The checker must refuse another secret, another body, and an unknown member.
        let stranger = Helper::start("check_requests.py", &["another secret", REGION]);
        assert_eq!(stranger.ask(&known[0].to_json()), "the signature differs");
        let altered = Recorded { body: "{}".into(), ..known[0].clone() };
        assert_eq!(botocore.ask(&altered.to_json()), "the signature differs");
        verdicts
    });
    for (request, verdict) in seen.iter().zip(verdicts.await.unwrap()) {
        assert_eq!(verdict, "ok", "{request:?}");
    }
    assert!(judged >= 15, "{judged} requests");

    let operations: BTreeSet<&str> = seen.iter().map(|request| request.header("x-amz-target")).collect();
    let expected = ["DescribeLogGroups", "DescribeLogStreams", "FilterLogEvents", "GetLogEvents"];
    assert!(operations.iter().copied().eq(expected.map(|name| format!("Logs_20140328.{name}"))), "{operations:?}");
}

/// The fake follows the model in its responses and errors.
#[tokio::test]
async fn botocore_finds_each_answer_of_the_fake_in_its_model() {
    let fake = Fake::start(now()).await;
    let recorder = Recorder::before(fake.address).await;
    let subject = Subject::fake_by(fake, recorder.address).await;
    use_everything(&subject, &recorder).await;
    for missing in
        [format!("/logs/{}", segment(&subject.group("gone"))), format!("/groups/{}/streams", segment(&subject.group("gone")))]
    {
        assert_eq!(subject.acme().get(&missing).await.problem(), "404 not_found");
    }
    let seen = recorder.seen();
    assert!(seen.iter().any(|exchange| exchange.status == 400));
    let exchanges = seen.clone();
    let verdicts = tokio::task::spawn_blocking(move || {
        let botocore = Helper::start("check_requests.py", &[SECRET, REGION]);
        let verdicts: Vec<_> = exchanges.iter().map(|exchange| botocore.ask(&exchange.with_answer())).collect();
        // The checker must refuse invalid responses too.
        for (answer, verdict) in [
            (r#"{"events":[],"more":1}"#, r#"Unknown parameter in input: "more""#),
            (r#"{"events":[{"timestamp":"1"}]}"#, "Invalid type for parameter events[0].timestamp"),
        ] {
            let altered = exchanges.iter().find(|exchange| exchange.header("x-amz-target").ends_with("FilterLogEvents")).unwrap();
            let altered = Recorded { answer: answer.into(), ..altered.clone() };
            assert!(botocore.ask(&altered.with_answer()).contains(verdict), "{}", botocore.ask(&altered.with_answer()));
        }
        verdicts
    });
    for (exchange, verdict) in seen.iter().zip(verdicts.await.unwrap()) {
        assert_eq!(verdict, "ok", "{exchange:?}");
    }
}

#[tokio::test]
async fn a_request_has_the_form_of_the_protocol_and_nothing_of_the_clients() {
    let recorder = Recorder::before(Moto::shared().await.address).await;
    let subject = Subject::moto_by(recorder.address).await;
    for request in use_everything(&subject, &recorder).await {
        assert_eq!((request.method.as_str(), request.uri.to_string().as_str()), ("POST", "/"));
        assert_eq!(request.header("content-type"), "application/x-amz-json-1.1");
        assert_eq!(request.header("host"), recorder.address.to_string());
        let authorization = request.header("authorization");
        let date = &request.header("x-amz-date")[..8];
        let scope = format!("AWS4-HMAC-SHA256 Credential=AKIDTEST/{date}/eu-west-1/logs/aws4_request, ");
        assert!(authorization.starts_with(&scope), "{authorization}");
        assert!(authorization.contains("SignedHeaders=content-type;host;x-amz-date;x-amz-target, "), "{authorization}");

        // All headers of a request. `traceparent` has the trace id, which may be the client's, and Logmark's span id.
        let names: BTreeSet<&str> = request.headers.keys().map(http::HeaderName::as_str).collect();
        let known = [
            "authorization",
            "content-length",
            "content-type",
            "host",
            "traceparent",
            "user-agent",
            "x-amz-date",
            "x-amz-target",
        ];
        assert!(names.iter().copied().eq(known), "{names:?}");
        assert!(request.header("user-agent").starts_with("logmark/"));
        assert!(!format!("{request:?}").contains(MARK), "{request:?}");
        let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
        let limit = body["limit"].as_u64().unwrap();
        assert!((1..=10_000).contains(&limit), "{body}");
    }
}

/// The caller's input is parsed and serialised again; its bytes are never forwarded unchanged.
#[tokio::test]
async fn a_filter_leaves_in_its_canonical_text() {
    let recorder = Recorder::before(Moto::shared().await.address).await;
    let subject = Subject::moto_by(recorder.address).await;
    let group = subject.group("api");
    subject.put(&group, "prod-1", &[(Subject::begin(), "payment ERROR")]).await;
    for (given, sent) in [
        ("", None),
        ("+", None),
        ("%22%22", None),
        ("++payment+++%22ERROR%22", Some("payment ERROR")),
        ("%7B%24.a%3D1%26%26($.b!=%22x%22)}", Some("{ $.a = 1 && $.b != x }")),
        ("[+a,b=4*+,+...]", Some("[a, b = 4*, ...]")),
    ] {
        let before = recorder.seen().len();
        subject.get(&format!("{}?start=-3h&filter={given}", group_path(&group))).await;
        for request in &recorder.seen()[before..] {
            let body: serde_json::Value = serde_json::from_slice(&request.body).unwrap();
            assert_eq!(body["filterPattern"].as_str(), sent, "{given}");
        }
        assert!(recorder.seen().len() > before);
    }
}
