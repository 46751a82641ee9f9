//! Events that no front end sends, and forged ones: each has one defined answer, and the function keeps running.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};

use super::events::FrontDoor;
use super::identity::directory;
use super::runtime::{Function, Posted};

/// The result of an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ExpectedOutcome {
    /// A read as the token's tenant.
    Reads,
    /// A refusal with this problem.
    Problem(&'static str),
    /// A refusal with any 4xx status.
    Refused,
    /// An invocation error: not an event.
    NoEvent,
}
use ExpectedOutcome::{NoEvent, Problem, Reads, Refused};

const MISSING: ExpectedOutcome = Problem("401 missing_token");
const DOUBLED: ExpectedOutcome = Problem("400 invalid_parameter");

type Case = (&'static str, Value, ExpectedOutcome);

/// The event with these changes: a JSON pointer and the new value; a missing member is added.
fn with(mut event: Value, changes: &[(&str, Value)]) -> Value {
    for (pointer, value) in changes {
        let (parent, member) = pointer.rsplit_once('/').unwrap();
        event.pointer_mut(parent).unwrap()[member] = value.clone();
    }
    event
}

fn without(mut event: Value, members: &[&str]) -> Value {
    members.iter().for_each(|member| drop(event.as_object_mut().unwrap().remove(*member)));
    event
}

const TARGET: &str = "/logs/:acme:api";

/// This many headers with distinct names, in the map of single values.
fn many_headers(door: FrontDoor, count: usize) -> Value {
    let mut event = door.get(TARGET, None);
    let headers = event["headers"].as_object_mut().unwrap();
    headers.extend((0..count).map(|number| (format!("x-{number}"), json!("v"))));
    event
}

/// This many values in the map of lists.
fn many_values(door: FrontDoor, count: usize) -> Value {
    let mut event = door.get(TARGET, None);
    event["multiValueHeaders"]["x-many"] = json!(vec!["v"; count]);
    event
}

fn who(acme: &str, globex: &str) -> Vec<Case> {
    let (own, foreign) = (format!("Bearer {acme}"), format!("Bearer {globex}"));
    let nobody = |door: FrontDoor| door.get(TARGET, None);
    let somebody = |door: FrontDoor| door.get(TARGET, Some(acme));
    let claims = json!({ "tenant": "acme", "sub": "acme", "scope": "logs:*:*", "iss": "test", "aud": "logmark" });
    let authorizer = json!({ "claims": claims, "principalId": "acme", "tenant": "acme", "token": own });
    let context = json!({ "authorizer": authorizer, "headers": { "authorization": own } }).to_string();
    let header = |door: FrontDoor, name: &str, value: &str| door.request("GET", TARGET, None, &[(name, value)]);
    vec![
        (
            "a Lambda authorizer's claims",
            with(nobody(FrontDoor::Rest), &[("/requestContext/authorizer", authorizer.clone())]),
            MISSING,
        ),
        (
            "a JWT authorizer's claims",
            with(nobody(FrontDoor::Http), &[("/requestContext/authorizer", json!({ "jwt": { "claims": claims } }))]),
            MISSING,
        ),
        (
            "an IAM caller",
            with(
                nobody(FrontDoor::Url),
                &[("/requestContext/authorizer", json!({ "iam": { "userId": "acme", "accessKey": "AKID" } }))],
            ),
            MISSING,
        ),
        (
            "a REST API's identity",
            with(
                nobody(FrontDoor::Rest),
                &[
                    ("/requestContext/identity/user", json!("acme")),
                    ("/requestContext/identity/cognitoIdentityId", json!("acme")),
                ],
            ),
            MISSING,
        ),
        (
            "a client certificate",
            with(
                nobody(FrontDoor::Http),
                &[("/requestContext/authentication", json!({ "clientCert": { "subjectDN": "CN=acme" } }))],
            ),
            MISSING,
        ),
        ("stage variables", with(nobody(FrontDoor::Rest), &[("/stageVariables", json!({ "authorization": own }))]), MISSING),
        (
            "path parameters",
            with(nobody(FrontDoor::Rest), &[("/pathParameters", json!({ "authorization": own, "tenant": "acme" }))]),
            MISSING,
        ),
        ("a cookie", with(nobody(FrontDoor::Url), &[("/cookies", json!([format!("authorization={own}")]))]), MISSING),
        ("a cookie header", header(FrontDoor::Rest, "cookie", &format!("access_token={acme}")), MISSING),
        (
            "an authorizer's token",
            with(nobody(FrontDoor::Rest), &[("/authorizationToken", json!(own)), ("/identitySource", json!([own]))]),
            MISSING,
        ),
        ("a token in the query", FrontDoor::Http.get(&format!("{TARGET}?access_token={acme}"), None), MISSING),
        ("a token in the body", with(nobody(FrontDoor::Alb), &[("/body", json!(format!("access_token={acme}")))]), MISSING),
        ("the adapter's context header", header(FrontDoor::Url, "x-amzn-request-context", &context), MISSING),
        ("a framework's event header", header(FrontDoor::Rest, "x-apigateway-event", &context), MISSING),
        ("a framework's context header", header(FrontDoor::Http, "x-apigateway-context", &context), MISSING),
        (
            "an ALB's OIDC headers",
            with(
                nobody(FrontDoor::Alb),
                &[
                    ("/headers/x-amzn-oidc-data", json!(acme)),
                    ("/headers/x-amzn-oidc-accesstoken", json!(acme)),
                    ("/headers/x-amzn-oidc-identity", json!("acme")),
                ],
            ),
            MISSING,
        ),
        ("a remapped header", header(FrontDoor::Rest, "x-amzn-remapped-authorization", &own), MISSING),
        ("a proxy's token", header(FrontDoor::AlbMulti, "proxy-authorization", &own), MISSING),
        ("a forwarded token", header(FrontDoor::Http, "x-forwarded-authorization", &own), MISSING),
        ("a token without its scheme", header(FrontDoor::Http, "authorization", acme), Refused),
        ("a scheme in lower case", header(FrontDoor::Rest, "authorization", &format!("bearer {acme}")), Reads),
        ("one map alone: of single values", with(somebody(FrontDoor::Rest), &[("/multiValueHeaders", Value::Null)]), Reads),
        ("one map alone: of lists", with(somebody(FrontDoor::Rest), &[("/headers", Value::Null)]), Reads),
        (
            "the same token in both maps, in two cases",
            with(somebody(FrontDoor::Rest), &[("/headers/Authorization", json!(own))]),
            Reads,
        ),
        (
            "another token in the other map",
            with(somebody(FrontDoor::Rest), &[("/headers/authorization", json!(foreign))]),
            DOUBLED,
        ),
        (
            "another token in the other map, in another case",
            with(somebody(FrontDoor::Rest), &[("/headers/AUTHORIZATION", json!(foreign))]),
            DOUBLED,
        ),
        (
            "two tokens in one list",
            with(somebody(FrontDoor::AlbMulti), &[("/multiValueHeaders/authorization", json!([own, foreign]))]),
            DOUBLED,
        ),
        (
            "two tokens in two cases of a list",
            with(somebody(FrontDoor::AlbMulti), &[("/multiValueHeaders/Authorization", json!([foreign]))]),
            DOUBLED,
        ),
        ("two tokens in two cases", with(somebody(FrontDoor::Alb), &[("/headers/Authorization", json!(foreign))]), DOUBLED),
        ("the same token in two cases", with(somebody(FrontDoor::Url), &[("/headers/Authorization", json!(own))]), DOUBLED),
        (
            "two tokens, joined as an HTTP API does",
            with(somebody(FrontDoor::Http), &[("/headers/authorization", json!(format!("{own},{foreign}")))]),
            Refused,
        ),
        ("an empty token", with(somebody(FrontDoor::Http), &[("/headers/authorization", json!(""))]), Refused),
    ]
}

fn forms(acme: &str) -> Vec<Case> {
    let somebody = |door: FrontDoor| door.get(TARGET, Some(acme));
    let post = |body: Value, base64: bool| {
        let event = FrontDoor::Url.request("POST", "/queries", Some(acme), &[("content-type", "application/json")]);
        with(event, &[("/body", body), ("/isBase64Encoded", json!(base64))])
    };
    let at = |door: FrontDoor, path: &str| {
        with(somebody(door), &[(if door == FrontDoor::Http { "/rawPath" } else { "/path" }, json!(path))])
    };
    let limit = json!({ "limit": "1" });
    vec![
        (
            "a body that is not base64",
            with(somebody(FrontDoor::Rest), &[("/body", json!("%")), ("/isBase64Encoded", json!(true))]),
            NoEvent,
        ),
        ("a GET with a body", with(somebody(FrontDoor::Alb), &[("/body", json!("x"))]), Reads),
        ("base64 of nothing", with(somebody(FrontDoor::Rest), &[("/isBase64Encoded", json!(true))]), Reads),
        ("a body as text", post(json!("{\"nope\":1}"), false), DOUBLED),
        ("the same in base64", post(json!(BASE64_STANDARD.encode("{\"nope\":1}")), true), DOUBLED),
        ("a body that is not UTF-8", post(json!(BASE64_STANDARD.encode([0xff, 0xfe])), true), Refused),
        ("a path without a slash", at(FrontDoor::Rest, "nothing"), Problem("404 not_found")),
        ("an empty segment", at(FrontDoor::Rest, "//logs/:acme:api"), Problem("404 not_found")),
        ("a way up", at(FrontDoor::Rest, "/logs/:acme:api/../../logs/:globex:api"), Problem("404 not_found")),
        ("a way up, encoded", at(FrontDoor::Alb, "/logs/%2e%2e%2f:globex:api"), Refused),
        ("a question mark in a path", at(FrontDoor::Http, "/logs/:acme:api?group=:globex:api"), Refused),
        ("a NUL in a path", at(FrontDoor::Rest, "/logs/:acme:api\0"), Refused),
        ("what is not ASCII in a path", at(FrontDoor::Alb, "/logs/:acme:\u{e9}"), Refused),
        ("a fragment", at(FrontDoor::Rest, "/logs/:acme:api#x"), Refused),
        ("a space in a path", at(FrontDoor::Http, "/logs/:acme: api"), Refused),
        ("half an escape", at(FrontDoor::Alb, "/logs/100%"), Refused),
        ("a URL for a path", at(FrontDoor::Rest, "http://evil.example/logs/:acme:api"), Problem("404 not_found")),
        ("an asterisk for a path", at(FrontDoor::Rest, "*"), Problem("404 not_found")),
        ("a path of 100 kB", at(FrontDoor::Rest, &format!("/{}", "x".repeat(100_000))), NoEvent),
        (
            "a method in lower case",
            with(somebody(FrontDoor::Rest), &[("/httpMethod", json!("get"))]),
            Problem("405 method_not_allowed"),
        ),
        ("40,000 headers in one map", many_headers(FrontDoor::Http, 40_000), Problem("431 headers_too_large")),
        ("40,000 values of one header", many_values(FrontDoor::AlbMulti, 40_000), Problem("431 headers_too_large")),
        ("40,000 values of one header in a REST API", many_values(FrontDoor::Rest, 40_000), Problem("431 headers_too_large")),
        ("20,000 headers", many_headers(FrontDoor::Url, 20_000), Problem("431 headers_too_large")),
        ("no method", with(somebody(FrontDoor::Rest), &[("/httpMethod", json!(""))]), NoEvent),
        ("two methods", with(somebody(FrontDoor::Http), &[("/requestContext/http/method", json!("GE T"))]), NoEvent),
        ("a header's name with a space", with(somebody(FrontDoor::Http), &[("/headers/a b", json!("x"))]), NoEvent),
        ("a header of two lines", with(somebody(FrontDoor::Alb), &[("/headers/x-a", json!("a\r\nauthorization: b"))]), NoEvent),
        ("a header that is not ASCII", with(somebody(FrontDoor::Http), &[("/headers/user-agent", json!("caf\u{e9}"))]), Reads),
        (
            "a parameter twice",
            with(somebody(FrontDoor::Rest), &[("/multiValueQueryStringParameters", json!({ "limit": ["1", "2"] }))]),
            DOUBLED,
        ),
        ("parameters in one map alone", with(somebody(FrontDoor::Rest), &[("/queryStringParameters", limit)]), Reads),
        ("a query with a question mark", with(somebody(FrontDoor::Http), &[("/rawQueryString", json!("limit=1?&x"))]), DOUBLED),
        (
            "depth in an unread member",
            with(somebody(FrontDoor::Rest), &[("/pathParameters", (0..200).fold(json!(1), |value, _| json!([value])))]),
            Reads,
        ),
        ("payload 1.0 of an HTTP API", with(somebody(FrontDoor::Rest), &[("/version", json!("1.0"))]), Reads),
        (
            "a load balancer's context in an HTTP API's event",
            with(somebody(FrontDoor::Http), &[("/requestContext/elb", json!({}))]),
            Reads,
        ),
    ]
}

fn shapes(acme: &str) -> Vec<Case> {
    let rest = || FrontDoor::Rest.get(TARGET, Some(acme));
    let http = || FrontDoor::Http.get(TARGET, Some(acme));
    let shapes = [
        ("nothing", Value::Null),
        ("an empty object", json!({})),
        ("a list", json!([rest()])),
        ("a text", json!("text")),
        ("no path (2.0)", without(http(), &["rawPath"])),
        ("no HTTP (2.0)", with(http(), &[("/requestContext/http", Value::Null)])),
        ("no method (1.0)", without(rest(), &["httpMethod"])),
        ("no path (1.0)", without(rest(), &["path"])),
        ("no context", without(rest(), &["requestContext"])),
        ("a context that is a text", with(rest(), &[("/requestContext", json!("x"))])),
        ("headers that are a list", with(rest(), &[("/headers", json!([]))])),
        ("a header that is a number", with(http(), &[("/headers/x", json!(1))])),
        ("a version to come", with(http(), &[("/version", json!("3.0"))])),
        ("a body that is an object", with(rest(), &[("/body", json!({}))])),
        ("SQS", json!({ "Records": [{ "eventSource": "aws:sqs", "body": "x" }] })),
        ("SNS", json!({ "Records": [{ "EventSource": "aws:sns", "Sns": { "Message": "x" } }] })),
        ("S3", json!({ "Records": [{ "eventSource": "aws:s3", "s3": { "object": { "key": "x" } } }] })),
        ("a schedule", json!({ "version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })),
        ("CloudWatch Logs", json!({ "awslogs": { "data": "H4sI" } })),
        (
            "a WebSocket",
            json!({ "requestContext": { "routeKey": "$connect", "connectionId": "x", "stage": "prod" }, "isBase64Encoded": false }),
        ),
        ("a request to authorize", json!({ "type": "TOKEN", "methodArn": "arn:aws:execute-api:x", "authorizationToken": acme })),
        (
            "VPC Lattice",
            json!({ "version": "2.0", "path": TARGET, "method": "GET", "headers": { "authorization": [acme] }, "requestContext": { "serviceArn": "x" } }),
        ),
        ("CloudFront", json!({ "Records": [{ "cf": { "request": { "method": "GET", "uri": TARGET } } }] })),
        ("Cognito", json!({ "version": "1", "triggerSource": "PreTokenGeneration", "request": { "userAttributes": {} } })),
    ];
    shapes.into_iter().map(|(name, event)| (name, event, NoEvent)).collect()
}

#[tokio::test]
async fn each_strange_event_has_one_answer_and_the_function_lives_on() {
    let directory = directory();
    let function = Function::start(&directory).await;
    let (acme, globex) = (directory.issuer.token("acme", "logs:*:*"), directory.issuer.token("globex", "logs:*:*"));
    let cases = [who(&acme, &globex), forms(&acme), shapes(&acme)].concat();
    assert!(cases.len() >= 80, "{}", cases.len());
    for (name, event, fate) in cases {
        match function.invoke_any(event.clone()).await {
            Posted::Failed(error) => {
                assert_eq!(fate, NoEvent, "{name}: {error}");
                assert_eq!(error["errorType"], "Logmark.NoEvent");
            }
            Posted::Whole(answer) => {
                let body: Value = serde_json::from_str(answer["body"].as_str().unwrap()).unwrap();
                let messages: Vec<_> =
                    body["events"].as_array().into_iter().flatten().map(|event| event["message"].as_str().unwrap()).collect();
                let problem = format!("{} {}", answer["statusCode"], body["code"].as_str().unwrap_or(""));
                match fate {
                    Reads => assert_eq!(messages, ["acme's"], "{name}: {answer}"),
                    Problem(expected) => assert_eq!(problem, expected, "{name}"),
                    Refused => assert!(problem.starts_with('4'), "{name}: {answer}"),
                    NoEvent => panic!("{name}: {answer}"),
                }
                assert!(!answer.to_string().contains("globex's"), "{name}");
            }
            posted => panic!("{name}: {posted:?}"),
        }
    }
    assert_eq!(function.invoke(FrontDoor::Url.get(TARGET, Some(&acme))).await.messages(), ["acme's"]);
}
