//! Invalid input in every parameter: a clear error with the place and the expected value, never a default, never a 500.

use crate::world::World;

#[tokio::test]
async fn every_wrong_parameter_is_named_with_what_is_wrong() {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1, "x")]).await;
    let acme = world.tenant("acme");
    let long_group = format!("/logs/{}", "a".repeat(513));
    let many: String = (0..101).map(|i| format!("&streams=s{i}")).collect();
    let too_many = format!("/logs/:acme:api?x=1{many}").replace("x=1&", "");
    let cases: &[(&str, &str, &str)] = &[
        ("/logs/:acme:api/web-1?start=yesterday", "start", "is not a time"),
        ("/logs/:acme:api/web-1?start=", "start", "is not a time"),
        ("/logs/:acme:api/web-1?start=2026-11-20T10:00:00", "start", "has no offset from UTC: write `2026-11-20T10:00:00Z`"),
        ("/logs/:acme:api/web-1?start=2026-11-20T10:00:00+02:00", "start", "must be written `%2B`"),
        ("/logs/:acme:api/web-1?start=-15", "start", "is not a relative time"),
        ("/logs/:acme:api/web-1?start=-99999999d", "start", "lies outside 1970 to 9999"),
        ("/logs/:acme:api/web-1?start=15m", "start", "did you mean `-15m`?"),
        ("/logs/:acme:api/web-1?start=1h", "start", "did you mean `-1h`?"),
        ("/logs/:acme:api/web-1?start=+1h30m", "start", "did you mean `-1h30m`?"),
        ("/logs/:acme:api/web-1?start=now%2B1h", "start", "did you mean `-1h`?"),
        ("/logs/:acme:api/web-1?end=-15min", "end", "did you mean `-15m`?"),
        ("/logs/:acme:api/web-1?start=20261129", "start", "is ambiguous: write a date as `2026-11-29T00:00:00Z`"),
        ("/logs/:acme:api/web-1?start=20261129103000", "start", "is ambiguous: write a date as `2026-11-29T10:30:00Z`"),
        ("/logs/:acme:api/web-1?end=tomorrow", "end", "is not a time"),
        ("/logs/:acme:api/web-1?start=2000&end=1000", "end", "is not later than `start`"),
        ("/logs/:acme:api/web-1?start=2000&end=2000", "end", "is not later than `start`"),
        ("/logs/:acme:api/web-1?limit=0", "limit", "is not a whole number from 1 to 10000"),
        ("/logs/:acme:api/web-1?limit=10001", "limit", "is not a whole number from 1 to 10000"),
        ("/logs/:acme:api/web-1?limit=-1", "limit", "is not a whole number"),
        ("/logs/:acme:api/web-1?limit=%2B5", "limit", "is not a whole number"),
        ("/logs/:acme:api/web-1?limit=1e3", "limit", "is not a whole number"),
        ("/logs/:acme:api/web-1?limit=", "limit", "is not a whole number"),
        ("/logs/:acme:api/web-1?limit=99999999999999999999999", "limit", "is not a whole number"),
        ("/logs/:acme:api/web-1?limit=1&limit=2", "limit", "is given 2 times"),
        ("/logs/:acme:api/web-1?limit=1&limit=1", "limit", "is given 2 times"),
        ("/logs/:acme:api/web-1?from=middle", "from", "is not valid: use `head` or `tail`"),
        ("/logs/:acme:api/web-1?from=HEAD", "from", "is not valid: use `head` or `tail`"),
        ("/logs/:acme:api/web-1?format=xml", "format", "is not valid: use `json`, `ndjson`, `csv`, `text` or `sse`"),
        ("/logs/:acme:api/web-1?raw=1", "raw", "is not valid: use `true` or `false`"),
        ("/logs/:acme:api/web-1?raw=true", "raw", "goes with `text/plain` only"),
        ("/logs/:acme:api/web-1?trailer=line", "trailer", "goes with `application/x-ndjson` only"),
        ("/logs/:acme:api/web-1?trailer=header", "trailer", "is not valid: use `line`"),
        ("/logs/:acme:api/web-1?filter=a&filter=a", "filter", "is given 2 times"),
        ("/logs/:acme:api/web-1?filter=%ff", "filter", "is not UTF-8"),
        ("/logs/:acme:api/web-1?follow=yes", "follow", "is not valid: use `true` or `false`"),
        ("/logs/:acme:api/web-1?follow=true&format=csv", "format", "has no live tail: use `sse` or `ndjson`"),
        ("/logs/:acme:api/web-1?follow=true&limit=5", "limit", "can't be combined with `follow`"),
        ("/logs/:acme:api/web-1?follow=true&end=now", "end", "can't be combined with `follow`"),
        ("/logs/:acme:api/web-1?follow=true&from=head", "from", "can't be combined with `follow`"),
        ("/logs/:acme:api/web-1?follow=true&trailer=line", "trailer", "can't be combined with `follow`"),
        ("/logs/:acme:api/web-1?follow=true&raw=false", "raw", "can't be combined with `follow`"),
        ("/logs/:acme:api/web-1?follow=true&streams=a", "streams", "the request names one stream"),
        ("/logs/:acme:api/web-1?follow=false&format=sse", "follow", "must be `true` for `text/event-stream`"),
        ("/logs/:acme:api/web-1?format=csv&ticket=x", "ticket", "can't be combined with `Authorization`"),
        ("/logs/:acme:api/web-1?format=csv&ticket=x&ticket=y", "ticket", "is given more than once"),
        ("/logs/:acme:api/web-1?streams=a", "streams", "the request names one stream"),
        ("/logs/:acme:api/web-1?streamPrefix=a", "streamPrefix", "the request names one stream"),
        ("/logs/:acme:api/web-1?Limit=1", "Limit", "is not a parameter of this operation: use `start`, `end`, `limit`"),
        ("/logs/:acme:api/web-1?limit%00=1", "limit\u{fffd}", "is not a parameter of this operation"),
        ("/logs/:acme:api/web-1?group=/globex/api", "group", "is not a parameter of this operation"),
        ("/logs/:acme:api/web-1?stream=other", "stream", "is not a parameter of this operation"),
        ("/logs/:acme:api/web-1?access_token=x", "access_token", "is not a parameter of this operation"),
        ("/logs/:acme:api/web-1?tenant=globex", "tenant", "is not a parameter of this operation"),
        ("/logs/:acme:api/web-1?limit=%", "limit", "has a `%`"),
        ("/logs/:acme:api/web-1?limit=%zz", "limit", "has a `%`"),
        ("/logs/:acme:api/web-1?limit=%ff", "limit", "is not UTF-8"),
        ("/logs/:acme:api/web-1?x", "x", "is not a parameter of this operation"),
        ("/logs/:acme:api?streams=a&streams=a", "streams", "names `a` twice"),
        ("/logs/:acme:api?streams=a*", "streams", "has the character '*'"),
        ("/logs/:acme:api?streams=", "streams", "is empty"),
        ("/logs/:acme:api?streams=a&streamPrefix=b", "streamPrefix", "can't be combined with `streams`"),
        ("/logs/:acme:api?streamPrefix=a*", "streamPrefix", "has the character '*'"),
        (&too_many, "streams", "at most 100 are allowed"),
        ("/logs", "group", "is missing"),
        ("/logs?stream=web-1", "group", "is missing"),
        ("/logs?group=&stream=web-1", "group", "is empty"),
        ("/logs?group=/acme/api&group=/acme/web", "group", "is given 2 times"),
        ("/logs/%00", "group", "has the character"),
        ("/logs/:acme:a%20b", "group", "has the character ' '"),
        ("/logs/%252Facme%252Fapi", "group", "has the character '%'"),
        ("/logs/:acme:%2e%2e:globex", "group", "has the path segment `..`"),
        ("/logs/:acme:.:api", "group", "has the path segment `.`"),
        ("/logs/:acme:%5Capi", "group", "has the character '\\\\'"),
        ("/logs/%C0%AFacme", "group", "is not UTF-8"),
        ("/logs/%EF%BC%8Facme", "group", "has the character '／'"),
        ("/logs/:acme:api%0d%0a", "group", "has the character '\\r'"),
        ("/logs/:acme:*", "group", "has the character '*'"),
        ("/logs/aws:x", "group", "begins with `aws/`"),
        ("/logs/%", "group", "has a `%`"),
        (&long_group, "group", "is longer than 512 characters"),
        ("/logs/:acme:api/web%2A", "stream", "has the character '*'"),
        ("/logs/:acme:api/%00", "stream", "has the character '\\0'"),
        ("/logs/:acme:api/..%2Fx", "stream", "has the path segment `..`"),
        ("/groups?limit=1001", "limit", "is not a whole number from 1 to 1000"),
        ("/groups?prefix=a&prefix=b", "prefix", "is given 2 times"),
        ("/groups?format=csv", "format", "is not valid: use `json`"),
        ("/groups?sort=name", "sort", "is not a parameter of this operation: use `prefix`, `limit`, `cursor` or `format`"),
        ("/groups/:acme:api?limit=1", "limit", "is not a parameter of this operation"),
        ("/groups/:acme:api/streams?orderBy=size", "orderBy", "is not valid: use `name` or `lastEvent`"),
        ("/groups/:acme:api/streams?order=up", "order", "is not valid: use `asc` or `desc`"),
        ("/groups/:acme:api/streams?orderBy=lastEvent&prefix=a", "prefix", "can't be combined with `orderBy=lastEvent`"),
        ("/me?verbose=true", "verbose", "is not a parameter of this operation"),
        ("/me/explain", "action", "is missing"),
        ("/me/explain?action=write&group=/acme/api", "action", "is not an action"),
        ("/me/explain?action=read", "group", "is missing"),
        ("/me/explain?action=read&group=a%20b", "group", "has the character ' '"),
    ];
    for (target, parameter, detail) in cases {
        let answer = acme.get(target).await;
        assert_eq!(answer.problem(), "400 invalid_parameter", "{target}");
        let problem = answer.json();
        let errors = problem["errors"].as_array().unwrap();
        let named =
            errors.iter().any(|error| error["parameter"] == *parameter && error["detail"].as_str().unwrap().contains(detail));
        assert!(named, "{target}: {problem}");
    }
}

#[tokio::test]
async fn all_faults_are_told_at_once() {
    let world = World::new().await;
    let answer = world.tenant("acme").get("/logs/:acme:api/a*?start=x&limit=0&foo=1&filter=%7B").await;
    let problem = answer.json();
    let named: Vec<&str> =
        problem["errors"].as_array().unwrap().iter().map(|error| error["parameter"].as_str().unwrap()).collect();
    assert_eq!(named, ["stream", "start", "filter", "limit", "foo"]);
    assert_eq!(problem["detail"], "5 parameters are not valid. `errors` lists what is wrong with each.");
}

#[tokio::test]
async fn nothing_of_the_input_is_read_before_the_token() {
    let world = World::new().await;
    for target in ["/logs/%00", "/logs/:acme:api?limit=0", "/groups?nonsense", "/me/explain"] {
        assert_eq!(world.anonymous().get(target).await.problem(), "401 missing_token", "{target}");
    }
}

#[tokio::test]
async fn many_faults_are_counted_and_the_first_are_listed() {
    let world = World::new().await;
    let acme = world.tenant("acme");
    let parameters: Vec<String> = (0..2000).map(|i| format!("p{i}=1")).collect();
    let answer = acme.get(&format!("/groups?{}", parameters.join("&"))).await;
    assert_eq!(answer.problem(), "400 invalid_parameter");
    let problem = answer.json();
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["errorCount"]), (20, &2000.into()));
    assert_eq!(problem["detail"], "2000 parameters are not valid. `errors` lists what is wrong with each.");

    let members: String = (0..85_000).map(|i| format!(",\"m{i}\":1")).collect();
    let body = format!("{{\"query\":1{members}}}");
    assert!(body.len() > 900_000);
    let json = [("content-type", "application/json")];
    let answer = acme.send_body(http::Method::POST, "/queries", &json, body.into()).await;
    assert_eq!(answer.problem(), "400 invalid_parameter");
    assert!(answer.body.len() < 16 * 1024, "{} bytes", answer.body.len());
    let problem = answer.json();
    // The missing members too.
    assert_eq!((problem["errors"].as_array().unwrap().len(), &problem["errorCount"]), (20, &85_003.into()));

    let few = acme.get("/groups?a=1&b=2").await.json();
    assert!(few.get("errorCount").is_none() && few["errors"].as_array().unwrap().len() == 2);
}
