//! A 404 names the missing part and a likely intended name, and reveals nothing that the caller may not see.

use crate::contract::subject::{Binary, KEEPS_NOTHING, KEYS, Subject, cloudwatch, now};
use crate::world::World;
use crate::world::fake_cloudwatch::Fake;

async fn world() -> World {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1000, "here")]).await;
    world.put("/acme/api", "a,b", &[(1000, "comma")]).await;
    world.put("/limited/x", "prod-1", &[(1000, "seen")]).await;
    world.put("/limited/x", "test-1", &[(1000, "hidden")]).await;
    world
}

#[tokio::test]
async fn a_stream_that_is_not_found_in_a_group_that_is_says_so() {
    let world = world().await;
    let acme = world.tenant("acme");
    let detail = async |target: &str| {
        let answer = acme.get(target).await;
        assert_eq!(answer.problem(), "404 not_found", "{target}");
        answer.json()["detail"].as_str().unwrap().to_owned()
    };
    let missing = detail("/logs/:acme:api/web-2").await;
    assert!(missing.contains("the log stream, or one of those in `streams`, was not found"), "{missing}");
    assert!(missing.contains("`GET /groups/{group}/streams`"), "{missing}");
    for target in [
        "/logs/:acme:api?streams=web-2",
        "/logs/:acme:api?streams=web-1&streams=web-2",
        "/logs/:acme:api/web-2?format=csv",
        "/logs/:acme:api/web-2?filter=x",
        "/logs?group=/acme/api&stream=web-2",
        // The grant excludes the stream, whether it exists or not.
        "/logs/:limited:x/test-1",
        "/logs/:limited:x/test-2",
        "/logs/:limited:x?streams=prod-1&streams=test-1",
    ] {
        assert_eq!(detail(target).await, missing, "{target}");
    }
    let group = detail("/logs/:acme:none/web-1").await;
    assert!(group.contains("The log group, stream, query or record was not found"), "{group}");
    for target in ["/logs/:acme:none", "/logs/:globex:api/web-1", "/logs/:globex:api", "/groups/:globex:api"] {
        assert_eq!(detail(target).await, group, "{target}");
    }
    // A caller without a scope for the group does not learn that the tenant has it.
    let scoped = world.scoped("acme", "logs:read:/acme/*").get("/logs/:limited:x/test-1").await;
    assert_eq!(scoped.json()["detail"].as_str().unwrap(), group);
}

#[tokio::test]
async fn cloudwatchs_own_word_tells_the_stream_from_the_group() {
    let fake = Fake::start(now()).await;
    fake.state().logs.put("/h/api", "web-1", Subject::begin(), "here");
    let tenants = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/h/*\"]\nactions = [\"read\"]\n";
    let binary = Binary::with(&(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + tenants), "", &KEYS).await;
    for (target, part) in [
        ("/logs/:h:api/web-2", "the log stream, or one of those"),
        ("/logs/:h:api?streams=web-1&streams=web-2", "the log stream, or one of those"),
        ("/logs/:h:none/web-1", "The log group, stream"),
        ("/logs/:h:none", "The log group, stream"),
        ("/logs/:h:none?streams=web-1", "The log group, stream"),
    ] {
        let answer = binary.acme().get(target).await;
        assert_eq!(answer.problem(), "404 not_found", "{target}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(part), "{target}: {}", answer.text());
    }
}

#[tokio::test]
async fn a_slip_in_a_name_or_a_path_has_a_hint() {
    let world = world().await;
    let acme = world.tenant("acme");
    for (target, hint) in [
        ("/logs?group=acme/api", "If you mean `/acme/api`, write `group=/acme/api`, or `/logs/:acme:api`"),
        ("/logs/acme:api", "write `group=/acme/api`, or `/logs/:acme:api`"),
        ("/logs/acme/api", "The log group name `acme` does not begin with `/`"),
        ("/groups/acme:api", "does not begin with `/`"),
        ("/logs/:acme:api:/web-1", "The log group name `/acme/api/` ends with `/`. If you mean `/acme/api`"),
        ("/logs?group=/acme/api/", "ends with `/`"),
        ("/logs/:acme:api?streams=web-1,web-2", "repeat the parameter: `streams=web-1&streams=web-2`"),
        ("/logs/:acme:api?streams=web-1&streams=web-2,web-3", "`streams=web-2&streams=web-3`"),
        ("/logs/:acme:api/", "Leave out the `/` at the end of the path."),
        ("/logs/:acme:api/web-1/", "Leave out the `/` at the end of the path."),
        ("/groups/", "Leave out the `/` at the end of the path."),
        ("/logs//acme/api", "Write `:` for every `/` of a name"),
        ("/logs//acme/api/web-1", "Write `:` for every `/` of a name"),
        ("/groups//acme/api/streams", "Write `:` for every `/` of a name"),
    ] {
        let answer = acme.get(target).await;
        assert_eq!(answer.problem(), "404 not_found", "{target}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(hint), "{target}: {}", answer.text());
    }
    assert_eq!(acme.get("/logs/:acme:api?streams=a,b&start=0").await.messages(), ["comma"], "a comma belongs to the name");
}

/// If a request has no `start`, the tenant's limit sets its range. That range may begin before FilterLogEvents can read from the
/// newest event.
#[tokio::test]
async fn a_start_that_the_limit_gave_is_moved_up_where_the_source_reads_less_far_back() {
    let fake = Fake::start(now()).await;
    for number in 0..3 {
        fake.state().logs.put("/d/api", "web-1", Subject::begin() + number, &format!("event {number}"));
    }
    let tenants = "[tenants.acme]\nlimits = { max_range = \"1200d\" }\n\
                   [[tenants.acme.grants]]\ngroups = [\"/d/*\"]\nactions = [\"read\"]\n";
    let binary = Binary::with(&(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + tenants), "", &KEYS).await;
    let acme = binary.acme();
    for target in ["/logs/:d:api", "/logs/:d:api/web-1?filter=event", "/logs/:d:api?streams=web-1", "/logs/:d:api/web-1"] {
        assert_eq!(acme.get(target).await.messages().len(), 3, "{target}");
    }
    assert_eq!(acme.get("/logs/:d:api?format=text&limit=2").await.text(), "event 1\nevent 2\n");
    let page = acme.get("/logs/:d:api?limit=2").await.json();
    let back = acme.get(&format!("/logs?limit=2&cursor={}", page["previousCursor"].as_str().unwrap())).await;
    assert_eq!(back.messages(), ["event 0"]);
    for query in ["start=2023-12-01T00:00:00Z&from=tail", "start=-1199d&from=tail"] {
        let refused = acme.get(&format!("/logs/:d:api?{query}")).await;
        assert_eq!(refused.problem(), "400 invalid_parameter", "{query}");
        assert_eq!(refused.json()["errors"][0]["parameter"], "start", "{query}");
    }
}
