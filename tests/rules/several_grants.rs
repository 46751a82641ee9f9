//! Several grants on one group: the caller sees the union.

use super::reads::urlencoded;
use super::{BEGIN, messages};
use crate::world::{Options, World};

const TENANTS: &str = r#"
[[tenants.acme.grants]]
groups = ["/shared/*"]
actions = ["read", "query"]
where = '{ $.tenant = "acme" }'
mask = ["$.card", "$.ssn"]
[[tenants.acme.grants]]
groups = ["/shared/*"]
streams = ["open-*"]
actions = ["read", "query"]
mask = ["$.card"]
[[tenants.acme.grants]]
groups = ["/shared/app"]
streams = ["debug"]
actions = ["read", "query"]

[[tenants.all.grants]]
groups = ["/shared/*"]
actions = ["read"]
where = '{ $.tenant = "acme" }'
mask = ["$.card"]
[[tenants.all.grants]]
groups = ["*"]
actions = ["read"]

[[tenants.apart.grants]]
groups = ["/shared/*"]
actions = ["read"]
mask = ["$.card"]
[[tenants.apart.grants]]
groups = ["/shared/*"]
actions = ["read"]
mask = ["$.ssn"]
mask_with = "remove"

[tenant_template]
groups = ["/shared/app"]
actions = ["read"]
where = '{ $.tenant = "{tenant}" }'
"#;

async fn world() -> World {
    let world = World::with(Options { tenants: Some(TENANTS.to_owned()), ..Options::default() }).await;
    let acme = r#"{"tenant":"acme","card":1,"ssn":2}"#;
    let globex = r#"{"tenant":"globex","card":3,"ssn":4}"#;
    for (number, stream) in ["web", "open-1", "debug"].into_iter().enumerate() {
        let at = BEGIN + 10 * i64::try_from(number).unwrap();
        world.put("/shared/app", stream, &[(at, acme), (at + 1, globex), (at + 2, "text")]).await;
    }
    world
}

const GROUP: &str = "/logs/:shared:app?start=1749999999000";

#[tokio::test]
async fn an_event_is_visible_by_one_grant_and_masked_by_what_all_that_show_it_mask() {
    let world = world().await;
    let seen = world.tenant("acme").get(GROUP).await.json();
    let expected = [
        r#"{"tenant":"acme","card":"***","ssn":"***"}"#,
        r#"{"tenant":"acme","card":"***","ssn":2}"#,
        r#"{"tenant":"globex","card":"***","ssn":4}"#,
        r#"{"tenant":"acme","card":1,"ssn":2}"#,
        r#"{"tenant":"globex","card":3,"ssn":4}"#,
        "text",
    ];
    assert_eq!((messages(&seen).as_slice(), &seen["withheld"]), (expected.map(str::to_owned).as_slice(), &1.into()));
    // If one grant shows everything, masks of other grants hide nothing.
    let all = world.tenant("all").get(GROUP).await.json();
    assert_eq!((messages(&all).len(), all.get("withheld")), (9, None));
    assert_eq!(messages(&all)[0], r#"{"tenant":"acme","card":1,"ssn":2}"#);
    // Each of two masks hides another field: each field is visible through one grant.
    let apart = world.tenant("apart").get(GROUP).await.json();
    assert_eq!((messages(&apart)[0].as_str(), &apart["withheld"]), (r#"{"tenant":"acme","card":1,"ssn":2}"#, &3.into()));
}

#[tokio::test]
async fn only_the_grants_that_a_request_uses_refuse_its_fields() {
    let world = world().await;
    let acme = world.tenant("acme");
    let filter = |path: &str, filter: &str| format!("{path}start=1749999999000&filter={}", urlencoded(filter));
    for (path, ssn, card) in [
        ("/logs/:shared:app?", 422, 422),
        ("/logs/:shared:app/web?", 422, 422),
        ("/logs/:shared:app/debug?", 200, 200),
        ("/logs/:shared:app?streams=open-1&streams=debug&", 422, 422),
        ("/logs/:shared:app?streams=open-1&", 422, 422),
    ] {
        assert_eq!(acme.get(&filter(path, "{ $.ssn = 2 }")).await.status, ssn, "{path}");
        assert_eq!(acme.get(&filter(path, "{ $.card = 2 }")).await.status, card, "{path}");
        assert_eq!(acme.get(&filter(path, "{ $.tenant = acme }")).await.status, 200, "{path}");
    }
    assert_eq!(world.tenant("all").get(&filter("/logs/:shared:app?", "{ $.card = 1 }")).await.messages().len(), 3);
}

#[tokio::test]
async fn each_tenant_of_the_template_has_its_own_rows() {
    let world = world().await;
    for (tenant, expected) in [("globex", 3), ("acme2", 0), ("glob", 0)] {
        let seen = world.tenant(tenant).get(GROUP).await.json();
        assert_eq!(messages(&seen).len(), expected, "{tenant}");
    }
    let me = world.tenant("globex").get("/me").await.json();
    assert_eq!(me["grants"][0]["where"], "{ $.tenant = globex }");
    let explained = world.tenant("acme").get("/me/explain?action=read&group=/shared/app&stream=web").await.json();
    assert_eq!(explained["rules"], serde_json::json!([{ "where": "{ $.tenant = acme }", "mask": ["$.card", "$.ssn"] }]));
    let me = world.tenant("apart").get("/me").await.json();
    assert_eq!((&me["grants"][0]["maskWith"], &me["grants"][0]["mask"]), (&"***".into(), &serde_json::json!(["$.card"])));
    assert_eq!((me["grants"][1].get("maskWith"), me["grants"][1].get("where")), (None, None));
}
