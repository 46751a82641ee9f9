//! Events as the four front ends make them of a request.
//!
//! - REST API (payload 1.0): `path` is as sent, without the stage; the query is decoded, in maps.
//! - HTTP API (payload 2.0): `rawPath` is decoded, and begins with the stage unless that is `$default`; `rawQueryString` is as
//!   sent.
//! - ALB: path and query are as sent; headers and query are in maps of one value each, or of lists, by the target group's
//!   setting.
//! - Function URL: an HTTP API's event, but `rawPath` is as sent.

use percent_encoding::percent_decode_str;
use serde_json::{Value, json};

/// A front end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrontDoor {
    Rest,
    Http,
    HttpStage,
    Alb,
    AlbMulti,
    Url,
}

impl FrontDoor {
    pub const ALL: [Self; 6] = [Self::Rest, Self::Http, Self::HttpStage, Self::Alb, Self::AlbMulti, Self::Url];

    /// Whether the front end keeps a `%2F` in a path.
    pub fn keeps_encoding(self) -> bool {
        !matches!(self, Self::Http | Self::HttpStage)
    }

    /// Whether the front end keeps all parameters of the same name.
    pub fn keeps_repeats(self) -> bool {
        self != Self::Alb
    }

    /// The event of a GET.
    pub fn get(self, target: &str, token: Option<&str>) -> Value {
        self.request("GET", target, token, &[])
    }

    /// The event of a request.
    pub fn request(self, method: &str, target: &str, token: Option<&str>, more: &[(&str, &str)]) -> Value {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let authorization = token.map(|token| format!("Bearer {token}"));
        let mut headers = vec![("host", "logs.example.com"), ("x-forwarded-for", "192.0.2.7"), ("x-forwarded-proto", "https")];
        headers.extend(authorization.iter().map(|value| ("authorization", value.as_str())));
        headers.extend(more);
        match self {
            Self::Rest => rest(method, path, query, &headers),
            Self::Http => http_api(method, "$default", &decoded(path), query, &headers),
            Self::HttpStage => http_api(method, "prod", &format!("/prod{}", decoded(path)), query, &headers),
            Self::Alb => alb(method, path, query, &headers, false),
            Self::AlbMulti => alb(method, path, query, &headers, true),
            Self::Url => {
                let mut event = http_api(method, "$default", path, query, &headers);
                event["requestContext"]["domainName"] = "abcdefgh.lambda-url.eu-central-1.on.aws".into();
                event
            }
        }
    }
}

fn decoded(text: &str) -> String {
    percent_decode_str(text).decode_utf8().unwrap().into_owned()
}

fn pairs(query: &str) -> impl Iterator<Item = (&str, &str)> {
    query.split('&').filter(|pair| !pair.is_empty()).map(|pair| pair.split_once('=').unwrap_or((pair, "")))
}

fn multi<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> Value {
    let mut all = json!({});
    for (name, value) in pairs {
        match all[name].as_array_mut() {
            Some(values) => values.push(value.into()),
            None => all[name] = json!([value]),
        }
    }
    if all == json!({}) { Value::Null } else { all }
}

fn single<'a>(pairs: impl Iterator<Item = (&'a str, String)>) -> Value {
    let mut all = json!({});
    for (name, value) in pairs {
        all[name] = value.into();
    }
    if all == json!({}) { Value::Null } else { all }
}

fn owned<'a>(headers: &'a [(&'a str, &'a str)]) -> impl Iterator<Item = (&'a str, String)> {
    headers.iter().map(|(name, value)| (*name, (*value).to_owned()))
}

fn rest(method: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Value {
    let plain = || pairs(query).map(|(name, value)| (name, decoded(&value.replace('+', " "))));
    json!({
        "resource": "/{proxy+}", "path": path, "httpMethod": method,
        "headers": single(owned(headers)), "multiValueHeaders": multi(owned(headers)),
        "queryStringParameters": single(plain()), "multiValueQueryStringParameters": multi(plain()),
        "pathParameters": { "proxy": path.trim_start_matches('/') }, "stageVariables": null,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdef1234", "domainName": "abcdef1234.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abcdef1234", "extendedRequestId": "Fz", "httpMethod": method, "path": format!("/prod{path}"),
            "protocol": "HTTP/1.1", "requestId": "c6af9ac6-7b61-11e6-9a41-93e8deadbeef", "requestTime": "20/Nov/2026:10:00:00 +0000",
            "requestTimeEpoch": 1_795_168_800_000_i64, "resourceId": "us4z18", "resourcePath": "/{proxy+}", "stage": "prod",
            "identity": { "sourceIp": "192.0.2.7", "userAgent": "curl/8", "accessKey": null, "accountId": null, "caller": null,
                "cognitoAuthenticationProvider": null, "cognitoAuthenticationType": null, "cognitoIdentityId": null,
                "cognitoIdentityPoolId": null, "principalOrgId": null, "user": null, "userArn": null }
        },
        "body": null, "isBase64Encoded": false
    })
}

fn http_api(method: &str, stage: &str, path: &str, query: &str, headers: &[(&str, &str)]) -> Value {
    let mut joined = json!({});
    for (name, value) in headers {
        joined[*name] = match joined[*name].as_str() {
            Some(before) => format!("{before},{value}").into(),
            None => (*value).into(),
        };
    }
    json!({
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query, "headers": joined,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdef1234", "domainName": "abcdef1234.execute-api.eu-central-1.amazonaws.com",
            "domainPrefix": "abcdef1234", "requestId": "JKJaXmPLvHcESHA=", "routeKey": "$default", "stage": stage,
            "time": "20/Nov/2026:10:00:00 +0000", "timeEpoch": 1_795_168_800_000_i64,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.7", "userAgent": "curl/8" }
        },
        "isBase64Encoded": false
    })
}

fn alb(method: &str, path: &str, query: &str, headers: &[(&str, &str)], lists: bool) -> Value {
    let sent = || pairs(query).map(|(name, value)| (name, value.to_owned()));
    let target = "arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/logs/6d0ecf831eec9f09";
    let mut event = json!({
        "requestContext": { "elb": { "targetGroupArn": target } },
        "httpMethod": method, "path": path, "body": "", "isBase64Encoded": false
    });
    let or_empty = |value: Value| if value.is_null() { json!({}) } else { value };
    if lists {
        event["multiValueHeaders"] = multi(owned(headers));
        event["multiValueQueryStringParameters"] = or_empty(multi(sent()));
    } else {
        event["headers"] = single(owned(headers));
        event["queryStringParameters"] = or_empty(single(sent()));
    }
    event
}
