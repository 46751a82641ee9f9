//! `GET /me` and `GET /me/explain`.

use crate::world::{HeldClock, Options, World};

#[tokio::test]
async fn me_tells_who_one_is_and_what_one_may() {
    let tenants = "[tenants.acme]\nlimits = { requests_per_second = 20, tails = 5, max_range = \"31d\" }\n\
        [[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nstreams = [\"prod-*\"]\nactions = [\"read\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    let answer = world.scoped("acme", "openid logs:read:/acme/*").get("/me").await;
    let me = answer.json();
    assert_eq!(me["tenant"], "acme");
    assert_eq!(me["subject"], "someone");
    assert_eq!(me["issuer"], "test");
    assert_eq!(me["scopes"], serde_json::json!(["logs:read:/acme/*"]));
    assert_eq!(me["grants"], serde_json::json!([{ "groups": ["/acme/*"], "streams": ["prod-*"], "actions": ["read"] }]));
    assert_eq!(me["limits"]["requestsPerSecond"], 20);
    assert_eq!(me["limits"]["requestsRemaining"], 19);
    assert_eq!(me["limits"]["maxRangeSeconds"], 31 * 86_400);
    assert_eq!(me["limits"]["tails"], 5);
    assert_eq!(me["remaining"], serde_json::json!({ "requestsPerSecond": 19, "tails": 5 }));
    assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=20;w=1");
    assert_eq!(answer.header("ratelimit"), "\"requests\";r=19;t=1");
}

#[tokio::test]
async fn explain_names_the_claim_and_the_rule_or_what_is_missing() {
    let world = World::new().await;
    let client = world.scoped("acme", "logs:read:/acme/*");
    let yes = client.get("/me/explain?action=read&group=/acme/api&stream=web-1").await.json();
    assert_eq!(yes["allowed"], true);
    assert_eq!(
        yes["because"],
        serde_json::json!({ "grant": "tenants.acme.grants[0]", "scope": "logs:read:/acme/*", "claim": "scope" })
    );
    let scope = client.get("/me/explain?action=tail&group=/acme/api").await.json();
    assert_eq!(scope["allowed"], false);
    assert_eq!(scope["neededScope"], "logs:tail:/acme/api");
    // The local source has queries and a live tail.
    for (action, lacking) in [("tail", None::<&str>), ("query", None)] {
        let answer = world.tenant("acme").get(&format!("/me/explain?action={action}&group=/acme/api")).await.json();
        assert_eq!(answer["allowed"], lacking.is_none(), "{action}");
        assert!(lacking.is_none_or(|lacking| answer["missing"].as_str().unwrap().contains(lacking)), "{answer}");
        assert_eq!(answer["because"]["grant"], "tenants.acme.grants[0]");
        assert_eq!(answer.get("neededScope"), None);
    }
    let grant = client.get("/me/explain?action=read&group=/globex/api").await.json();
    assert_eq!(grant["allowed"], false);
    assert_eq!(grant["missing"], "no grant of the tenant covers it");
    assert_eq!(grant.get("neededScope"), None);
    let stream = world.tenant("acme").get("/me/explain?action=read&group=/limited/x&stream=test-1").await.json();
    assert_eq!(stream["allowed"], false);
}

#[tokio::test]
async fn a_tenant_that_asks_too_often_is_told_when_to_come_back_and_costs_only_itself() {
    let tenants = "[tenants.acme]\nlimits = { requests_per_second = 2 }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n\
        [tenants.globex]\n[[tenants.globex.grants]]\ngroups = [\"/globex/*\"]\nactions = [\"read\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    let acme = world.tenant("acme");
    let mut refused = None;
    for _ in 0..20 {
        let answer = acme.get("/me").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.expect("twenty requests in a row are more than two in a second");
    assert_eq!(refused.problem(), "429 rate_limited");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.header("ratelimit"), "\"requests\";r=0;t=1");
    assert_eq!(refused.header("ratelimit-policy"), "\"requests\";q=2;w=1");
    assert_eq!(world.tenant("globex").get("/me").await.status, 200);
}

#[tokio::test]
async fn a_range_longer_than_the_tenants_is_refused_and_an_open_one_is_cut() {
    let tenants = "[tenants.acme]\nlimits = { max_range = \"1d\" }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";
    let world = World::with(Options { tenants: Some(tenants.into()), ..Options::default() }).await;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    world.put("/acme/api", "web-1", &[(now - 3 * 86_400_000, "old"), (now - 1000, "new")]).await;
    let acme = world.tenant("acme");
    let range = acme.get("/logs/:acme:api/web-1?start=-2d").await;
    assert_eq!(range.problem(), "400 invalid_parameter");
    assert_eq!(range.json()["detail"], "`start` is not valid: the range is longer than the tenant's 1 day: use a later `start`.");
    assert_eq!(range.json()["errors"][0]["parameter"], "start");
    assert_eq!(acme.get("/logs/:acme:api/web-1?start=-1d").await.messages(), ["new"]);
    assert_eq!(acme.get("/logs/:acme:api/web-1").await.messages(), ["new"]);
    assert_eq!(acme.get("/logs/:globex:api/web-1?start=-2d").await.problem(), "404 not_found");
}

#[tokio::test]
async fn following_new_events_for_longer_than_the_longest_range_is_no_longer_range() {
    let tenants = "[tenants.acme]\nlimits = { max_range = \"1h\" }\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";
    let clock = HeldClock::new();
    let options = Options { tenants: Some(tenants.into()), clock: Some(clock.clone()), ..Options::default() };
    let world = World::with(options).await;
    let now = i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap();
    world.put("/acme/api", "web-1", &[(now - 1000, "first")]).await;
    let acme = world.tenant("acme");
    let page = acme.get("/logs/:acme:api/web-1").await;
    assert_eq!(page.messages(), ["first"]);
    clock.advance(30 * 60_000);
    world.put("/acme/api", "web-1", &[(now + 60_000, "second")]).await;
    let next = acme.get(&format!("/logs?cursor={}", page.json()["nextCursor"].as_str().unwrap())).await;
    assert_eq!(next.messages(), ["second"]);
    assert_eq!(acme.get("/logs/:acme:api/web-1?start=-61m").await.problem(), "400 invalid_parameter");
}
