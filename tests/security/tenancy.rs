//! A tenant never reaches another tenant's logs, in any spelling of a name, and no call to the upstream names them.

use std::collections::BTreeSet;

use tokio::task::JoinSet;

use super::support::{Binary, Setup, whole, without_instance};
use crate::world::World;

const TENANTS: &str = r#"
[tenants.acme]
[[tenants.acme.grants]]
groups = ["/acme/*"]
actions = ["read"]
[tenants.globex]
[[tenants.globex.grants]]
groups = ["/globex/*"]
actions = ["read"]
[tenants.both]
[[tenants.both.grants]]
groups = ["/acme/*", "/shared/gateway"]
actions = ["read"]
"#;

/// Existing groups that are not acme's, with look-alikes.
const FOREIGN: [&str; 9] =
    ["/globex/api", "/acme2/api", "/acme", "/ACME/api", "acme/api", "/shared/gateway", "/globex/acme/api", "/acme.", "/"];

async fn binary() -> Binary {
    let binary = Binary::start(Setup { tenants: TENANTS.to_owned(), ..Setup::default() }).await;
    for group in FOREIGN.iter().chain(&["/acme/api", "/acme/web"]) {
        binary.fake.state().logs.put(group, "s", 1_750_000_000_000, &format!("in {group}"));
    }
    binary
}

/// Spellings of the same name by proxies, servers and people: (path segment, query value).
fn spellings(name: &str) -> Vec<(String, String)> {
    let percent = |text: &str, all: bool| -> String {
        text.bytes().map(|b| if all || b == b'/' { format!("%{b:02X}") } else { char::from(b).to_string() }).collect()
    };
    let colons = name.replace('/', ":");
    let mut spellings = vec![
        (percent(name, false), percent(name, false)),
        (percent(name, false).replace("%2F", "%2f"), name.to_owned()),
        (percent(name, true), percent(name, true)),
        (colons.clone(), colons.clone()),
        (colons.replace(':', "%3A"), colons.replace(':', "%3a")),
        (colons.replacen(':', "%2F", 1), colons.replacen(':', "/", 1)),
    ];
    spellings.dedup();
    spellings
}

/// Every endpoint of a single group, for the group in this spelling.
fn targets((segment, value): &(String, String)) -> Vec<String> {
    let mut targets = vec![
        format!("/groups/{segment}"),
        format!("/groups/{segment}/streams"),
        format!("/groups/{segment}/streams?orderBy=lastEvent"),
        format!("/logs/{segment}"),
        format!("/logs/{segment}?streams=s"),
        format!("/logs/{segment}?streamPrefix=s"),
        format!("/logs?group={value}"),
        format!("/logs?group={value}&stream=s"),
        format!("/logs?stream=s&group={value}&start=0&end=now"),
    ];
    for format in ["json", "ndjson", "csv", "text"] {
        targets.push(format!("/logs/{segment}/s?format={format}"));
    }
    targets
}

#[tokio::test]
async fn a_foreign_group_in_every_spelling_is_not_there_and_not_asked_for() {
    let binary = binary().await;
    let acme = binary.tenant("acme");
    let (mut answers, mut hinted) = (BTreeSet::new(), BTreeSet::new());
    for name in FOREIGN.into_iter().chain(["/globex/nothing", "/acmeX/nothing", "acme/nothing"]) {
        for spelling in spellings(name) {
            for target in targets(&spelling) {
                let answer = acme.get(&target).await;
                assert_eq!(answer.problem(), "404 not_found", "{target}");
                if name.starts_with('/') {
                    answers.insert(whole(&answer));
                } else {
                    // The hint repeats the name, and depends on nothing else.
                    let detail =
                        answer.json()["detail"].as_str().unwrap().replace(name, "NAME").replace(&name.replace('/', ":"), "NAME");
                    hinted.insert(detail);
                }
            }
        }
    }
    assert_eq!(hinted.len(), 1, "{hinted:#?}");
    assert_eq!(answers.len(), 1, "{answers:#?}");
    assert_eq!(binary.fake.calls(), 0, "{:?}", binary.fake.state().seen.first());
}

#[tokio::test]
async fn the_tenants_own_group_is_found_in_every_spelling() {
    let binary = binary().await;
    let acme = binary.tenant("acme");
    for spelling in spellings("/acme/api") {
        for target in targets(&spelling) {
            let answer = acme.get(&target).await;
            assert_eq!(answer.status, 200, "{target}: {}", answer.text());
        }
    }
}

#[tokio::test]
async fn a_name_that_another_server_might_read_otherwise_is_refused() {
    let binary = binary().await;
    let acme = binary.tenant("acme");
    for name in [
        // Decoded twice, these would name other groups.
        "%252Fglobex%252Fapi",
        "%252e%252e%252fglobex%252fapi",
        "%25252Fglobex%25252Fapi",
        ":acme:api%2500",
        // Parent folders.
        ":acme:..:globex:api",
        "%2Facme%2F..%2Fglobex%2Fapi",
        "%2Facme%2F%2E%2E%2Fglobex%2Fapi",
        ":acme:%2e%2e:globex:api",
        ":acme:.:..:globex:api",
        "..",
        "%2e%2e",
        ":..:globex:api",
        ":acme:api:..",
        ":acme:api:.",
        // Other slashes and look-alike letters.
        "%5Cglobex%5Capi",
        ":acme%5C..%5Cglobex",
        "%C0%AFglobex%C0%AFapi",
        "%E0%80%AFglobex",
        "%EF%BC%8Fglobex%EF%BC%8Fapi",
        "%E2%88%95globex",
        "%E2%81%84globex",
        ":%D0%B0cme:api",
        ":acme:%D0%B0pi",
        ":\u{ff41}cme:api",
        ":acme%E2%80%8B:api",
        ":acme:api%E2%80%AE",
        "%u002fglobex",
        // Cut names, parts of names, and patterns.
        ":globex:api%00",
        ":acme:api%00:globex",
        "%00:globex:api",
        ":acme:api%20",
        "%20:acme:api",
        ":acme:api%0A",
        ":acme:api%0D%0AX-Tenant:%20globex",
        ":acme:api;x=1",
        ":acme:api,:globex:api",
        ":acme:*",
        "*",
        ":globex:%3F",
        ":acme:api%3Fgroup=:globex:api",
        ":acme:$%7Bx%7D",
        "arn:aws:logs:eu-west-1:123456789012:log-group:%2Fglobex%2Fapi*",
        "%",
        "%2",
        "%zz",
        "%ff",
    ] {
        let encoded: String = name.chars().map(|c| if c.is_ascii() { c.to_string() } else { utf8(c) }).collect();
        for target in targets(&(encoded.clone(), encoded.clone())) {
            let answer = acme.get(&target).await;
            assert!(
                ["400 invalid_parameter", "404 not_found"].contains(&answer.problem().as_str()),
                "{target}: {}",
                answer.text()
            );
            assert_ne!(answer.status.as_u16(), 200, "{target}");
        }
        let answer = acme.get(&format!("/groups/{encoded}")).await;
        assert_eq!(answer.problem(), "400 invalid_parameter", "{encoded}");
    }
    assert_eq!(binary.fake.calls(), 0, "{:?}", binary.fake.state().seen.first());
}

fn utf8(character: char) -> String {
    character.to_string().bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// Paths that a lenient router would normalise; Logmark reads each in exactly one way.
#[tokio::test]
async fn slashes_and_dots_in_the_path_are_never_folded() {
    let binary = binary().await;
    let acme = binary.tenant("acme");
    for target in [
        "//logs/:acme:api",
        "/logs//:acme:api",
        "/logs/:acme:api/",
        "/logs/:acme:api//",
        "/logs/:acme:api/s/",
        "/./logs/:acme:api",
        "/x/../logs/:acme:api",
        "/logs/../logs/:globex:api",
        "/logs/:acme:api/../:globex:api",
        "/logs/:acme:api/../../groups",
        "/logs/:acme:api/%2e%2e/:globex:api",
        "/logs/%2Facme%2Fapi/%2e%2e%2f",
        "/logs/globex/api/s",
        "/Logs/:acme:api",
        "/logs%2F:acme:api",
        "/groups/:acme:api/streams/",
        "/groups/:acme:api/streams/s",
        "/groups/:acme:api/Streams",
        "/logs;x=1/:acme:api",
        "/me/",
        "/me%2Fexplain?action=read&group=/acme/api",
    ] {
        let answer = acme.get(target).await;
        assert!(["400 invalid_parameter", "404 not_found"].contains(&answer.problem().as_str()), "{target}: {}", answer.text());
    }
    assert_eq!(binary.fake.calls(), 0, "{:?}", binary.fake.state().seen.first());
}

#[tokio::test]
async fn a_list_never_asks_for_foreign_names_whatever_prefix_is_wanted() {
    let binary = binary().await;
    for (tenant, granted) in [("acme", &["/acme/"][..]), ("both", &["/acme/", "/shared/gateway"])] {
        let client = binary.tenant(tenant);
        for prefix in [
            "",
            "/",
            "/a",
            "/acme",
            "/acme/",
            "/acme/a",
            "/acme2",
            "/acmeX",
            "/g",
            "/globex",
            "/globex/",
            "/globex/api",
            "/s",
            "/shared",
            "/shared/gateway",
            "/shared/gateway2",
            "/shared/x",
            "globex",
            "*",
            "/*",
            "/acme/../globex",
            "%00",
            "é",
            "/ACME",
            "arn",
            "//",
        ] {
            let before = binary.fake.calls();
            let encoded: String = prefix.bytes().map(|byte| format!("%{byte:02X}")).collect();
            let encoded = encoded.replace("%25%30%30", "%00");
            let answer = client.get(&format!("/groups?prefix={encoded}")).await;
            assert_eq!(answer.status, 200, "{tenant} {prefix}: {}", answer.text());
            for group in answer.json()["groups"].as_array().unwrap() {
                let name = group["name"].as_str().unwrap();
                assert!(name.starts_with(prefix) && granted.iter().any(|granted| name.starts_with(granted)), "{prefix}: {name}");
            }
            for seen in &binary.fake.state().seen[before..] {
                let asked = seen.body.get("logGroupNamePrefix").and_then(|value| value.as_str()).unwrap_or("");
                let is_own = granted.iter().any(|granted| granted.starts_with(asked) || asked.starts_with(granted));
                assert!(is_own, "{tenant}, with prefix `{prefix}`, causes a call for `{asked}`");
            }
        }
    }
}

#[tokio::test]
async fn whatever_a_tenant_asks_only_its_own_names_go_upstream() {
    let binary = binary().await;
    let acme = binary.tenant("acme");
    for name in ["/acme/api", "/acme/web", "/acme/nothing", "/globex/api", "/acme2/api"] {
        for spelling in spellings(name) {
            for target in targets(&spelling) {
                acme.get(&target).await;
            }
        }
    }
    let state = binary.fake.state();
    assert!(state.seen.len() > 50, "{}", state.seen.len());
    for seen in &state.seen {
        for name in ["logGroupName", "logGroupNamePrefix", "logGroupIdentifier", "logGroupNamePattern"] {
            let value = seen.body.get(name).map_or("/acme/", |value| value.as_str().unwrap());
            assert!(value.starts_with("/acme/"), "{:?}", seen.body);
        }
        let sent = String::from_utf8_lossy(&seen.raw);
        assert!(!sent.contains("globex") && !sent.contains("acme2"), "{sent}");
    }
}

#[tokio::test]
async fn headers_that_look_like_an_identity_change_nothing() {
    let binary = binary().await;
    let context = r#"{"authorizer":{"claims":{"tenant":"globex","scope":"logs:*:*"},"jwt":{"claims":{"tenant":"globex"}}}}"#;
    let token = binary.issuer.token("globex", "logs:*:*");
    let headers = [
        ("x-scope-orgid", "globex"),
        ("x-tenant", "globex"),
        ("x-tenant-id", "globex"),
        ("x-org-id", "globex"),
        ("x-forwarded-user", "globex"),
        ("x-forwarded-email", "root@globex.test"),
        ("x-forwarded-groups", "admin"),
        ("x-auth-request-user", "globex"),
        ("x-remote-user", "globex"),
        ("remote-user", "globex"),
        ("x-authenticated-userid", "globex"),
        ("x-amzn-request-context", context),
        ("x-amzn-lambda-context", context),
        ("x-apigateway-event", context),
        ("x-apigateway-context", context),
        ("x-amzn-oidc-identity", "globex"),
        ("x-amzn-oidc-data", &token),
        ("x-amz-target", "Logs_20140328.DeleteLogGroup"),
        ("x-original-url", "/logs/:globex:api"),
        ("x-rewrite-url", "/logs/:globex:api"),
        ("x-forwarded-uri", "/logs/:globex:api"),
        ("x-forwarded-prefix", "/logs/:globex:api"),
        ("x-forwarded-host", "globex.test"),
        ("x-forwarded-for", "127.0.0.1"),
        ("x-real-ip", "127.0.0.1"),
        ("forwarded", "for=127.0.0.1;host=globex.test"),
        ("x-http-method-override", "DELETE"),
        ("cookie", "tenant=globex"),
        ("x-ssl-client-verify", "SUCCESS"),
        ("x-ssl-client-s-dn", "CN=globex"),
    ];
    let all: Vec<(&str, &str)> = headers.to_vec();
    let acme = binary.tenant("acme");
    let plain = (acme.get("/groups").await.text(), whole(&acme.get("/logs/:globex:api").await), whole(&acme.get("/me").await));
    let none = whole(&binary.anonymous().get("/me").await);
    for headers in headers.iter().map(|header| vec![*header]).chain([all]) {
        assert_eq!(acme.get_with("/groups", &headers).await.text(), plain.0, "{headers:?}");
        assert_eq!(whole(&acme.get_with("/logs/:globex:api", &headers).await), plain.1, "{headers:?}");
        assert_eq!(whole(&acme.get_with("/me", &headers).await), plain.2, "{headers:?}");
        assert_eq!(whole(&binary.anonymous().get_with("/me", &headers).await), none, "{headers:?}");
    }
    let state = binary.fake.state();
    for seen in &state.seen {
        assert_eq!(seen.header("x-amz-target"), Some("Logs_20140328.DescribeLogGroups"));
        assert!(!format!("{:?}", seen.headers).contains("globex"), "{:?}", seen.headers);
    }
}

/// A stream outside of the grant looks like a missing stream on every path.
#[tokio::test]
async fn a_stream_outside_of_the_grant_is_as_if_it_were_not_there() {
    let world = World::new().await;
    for stream in ["prod-1", "prod-2", "secret-1", "prod"] {
        world.put("/limited/x", stream, &[(1, stream)]).await;
    }
    let acme = world.tenant("acme");
    let refused = |stream: &str| {
        [
            format!("/logs/:limited:x/{stream}"),
            format!("/logs/:limited:x/{stream}?format=csv"),
            format!("/logs?group=/limited/x&stream={stream}"),
            format!("/logs/:limited:x?streams={stream}"),
            format!("/logs/:limited:x?streams=prod-1&streams={stream}"),
            format!("/logs/:limited:x?streams={stream}&streams=prod-1"),
        ]
    };
    let mut answers = BTreeSet::new();
    for stream in ["secret-1", "secret-nothing", "prod", "prod-nothing", "PROD-1"] {
        for target in refused(stream) {
            let answer = acme.get(&target).await;
            assert_eq!(answer.problem(), "404 not_found", "{target}");
            answers.insert(whole(&answer));
        }
    }
    assert_eq!(answers.len(), 1, "{answers:#?}");
    // By prefix, a hidden stream gives as few events as a missing one.
    let by_prefix = async |prefix: &str| {
        let page = acme.get(&format!("/logs/:limited:x?start=0&streamPrefix={prefix}")).await.json();
        (page["events"].clone(), page["stopReason"].clone())
    };
    assert_eq!(by_prefix("secret").await, by_prefix("nothing").await);
    assert_eq!(acme.get("/logs/:limited:x?start=0").await.messages(), ["prod-1", "prod-2"]);
    for target in ["/groups/:limited:x/streams", "/groups/:limited:x/streams?orderBy=lastEvent"] {
        let list = acme.get(target).await;
        assert!(!list.text().contains("secret") && !list.text().contains("\"prod\""), "{}", list.text());
    }
}

/// Whether more exists is information too: a cursor must not reveal names that the caller may not know.
#[tokio::test]
async fn the_end_of_a_list_tells_nothing_of_what_is_hidden_behind_it() {
    let world = World::new().await;
    for group in ["/acme/api", "/shared/gateway", "/limited/x"] {
        world.put(group, "prod-1", &[(1, "x")]).await;
    }
    let acme = world.tenant("acme");
    let before = (acme.get("/groups?limit=3").await.text(), acme.get("/groups/:limited:x/streams?limit=1").await.text());
    world.put("/zulu/hidden", "s", &[(1, "x")]).await;
    world.put("/limited/x", "secret", &[(0, "x")]).await;
    world.put("/limited/x", "zulu", &[(0, "x")]).await;
    assert_eq!(acme.get("/groups?limit=3").await.text().replace("storedBytes\":3", "storedBytes\":1"), before.0);
    assert_eq!(acme.get("/groups/:limited:x/streams?limit=1").await.text(), before.1);
    let newest = acme.get("/groups/:limited:x/streams?limit=1&orderBy=lastEvent").await;
    assert!(newest.json().get("nextCursor").is_none(), "{}", newest.text());
}

#[tokio::test]
async fn a_thousand_requests_of_two_tenants_at_once_never_mix() {
    let world = World::new().await;
    for tenant in ["acme", "globex"] {
        let messages: Vec<String> = (0..200).map(|i| format!("{tenant}-{i} {}", tenant.repeat(i))).collect();
        let events: Vec<(i64, &str)> = messages.iter().map(|message| (1000, message.as_str())).collect();
        for group in ["api", "web"] {
            world.put(&format!("/{tenant}/{group}"), &format!("{tenant}-1"), &events).await;
        }
    }
    let forms = [
        "/logs/:T:api/T-1?from=head",
        "/logs/:T:web?start=0&format=ndjson",
        "/logs/:T:api?format=csv",
        "/logs?group=/T/web&format=text",
        "/groups",
        "/groups/:T:api/streams",
        "/groups/:T:web",
        "/me",
        "/logs/:O:api",
        "/groups/:O:web/streams",
    ];
    let clients = [("acme", "globex"), ("globex", "acme")].map(|(tenant, other)| (world.tenant(tenant), tenant, other));
    let mut requests = JoinSet::new();
    for number in 0..1000 {
        let (client, tenant, other) = clients[number % 2].clone();
        let form = forms[number / 2 % forms.len()];
        let target = form.replace('T', tenant).replace('O', other);
        let accept = ["", "gzip"][number / 20 % 2];
        requests.spawn(async move {
            let answer =
                client.get_with(&target, &[("accept-encoding", if accept.is_empty() { "identity" } else { accept })]).await;
            (answer, accept, form, tenant, other)
        });
        while requests.len() >= 64 {
            check(&requests.join_next().await.unwrap().unwrap());
        }
    }
    while let Some(done) = requests.join_next().await {
        check(&done.unwrap());
    }
}

type Done = (crate::world::client::Answer, &'static str, &'static str, &'static str, &'static str);

fn check((answer, accept, form, tenant, other): &Done) {
    let mut body = answer.body.to_vec();
    if !accept.is_empty() && answer.header("content-encoding") == "gzip" {
        body.clear();
        std::io::Read::read_to_end(&mut flate2::read::GzDecoder::new(&*answer.body), &mut body).unwrap();
    }
    let text = String::from_utf8(body).unwrap();
    assert!(!text.contains(other) && !format!("{:?}", answer.headers).contains(other), "{form}: {text}");
    let expected = if form.contains('O') { 404 } else { 200 };
    assert_eq!(answer.status, expected, "{form}");
    assert!(expected == 404 || text.contains(tenant), "{form}: {text}");
    if form.contains("/logs/:T") || form.contains("group=/T") {
        assert_eq!(text.matches(&format!("{tenant}-199 ")).count(), 1, "{form}");
    }
    assert!(!answer.broken, "{form}");
    if expected == 404 && accept.is_empty() {
        assert!(!without_instance(answer).contains("api"));
    }
}
