//! Groups of several sources: one list, reads from each source, and a source that is down.

use logmark_store::{NewEvent, Options as StoreOptions, Store};
use serde_json::Value;
use tempfile::TempDir;

use crate::world::client::Client;
use crate::world::grants::{self, Tenant};
use crate::world::{Options, World};

fn tenants() -> String {
    grants::text([
        Tenant::new("acme").reads("eu", &["/acme/*"]).reads("us", &["/acme/*", "/us/*"]),
        Tenant::new("globex").reads("us", &["/acme/*"]),
        Tenant::new("initech")
            .reads("eu", &["/acme/*"])
            .in_streams(&["eu-only"])
            .reads("us", &["/acme/*"])
            .reads("down", &["/acme/*"]),
        Tenant::new("hooli").reads("down", &["/acme/*"]),
    ])
}

/// A folder with the stores `eu` and `us`; each event names its group and its source.
async fn stores() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (source, groups) in [("eu", ["/acme/a", "/acme/both", "/acme/c"]), ("us", ["/acme/b", "/acme/both", "/us/x"])] {
        let store = Store::open(&folder.path().join(source), StoreOptions::default()).unwrap();
        for group in groups {
            store.create_group(group, 1_700_000_000_000).unwrap();
            for stream in ["s", "t"] {
                store.create_stream(group, stream, 1_700_000_000_000).unwrap();
                let events = vec![NewEvent { timestamp: 1, message: format!("{group} {source}") }];
                store.append(group, stream, events, 1_700_000_000_500).await.unwrap();
            }
        }
        tokio::task::spawn_blocking(move || store.close()).await.unwrap().unwrap();
    }
    folder
}

async fn world(folder: &TempDir) -> World {
    let local = |name: &str| {
        let path = folder.path().join(name);
        format!("[[sources]]\nname = \"{name}\"\nkind = \"local\"\npath = {:?}\n", path.display().to_string())
    };
    // The port has no listener, and credentials are missing: either way the source does not answer within the work time.
    let down = "[[sources]]\nname = \"down\"\nkind = \"cloudwatch\"\nregion = \"local\"\nendpoint = \"http://127.0.0.1:1\"\n";
    World::with(Options {
        sources: Some(local("eu") + &local("us") + down),
        tenants: Some(tenants()),
        server: "limits = { work_time = \"2s\" }".to_owned(),
        ..Options::default()
    })
    .await
}

/// The whole list, one group per page: each group's name and source, and the missing sources of each page.
async fn walk(client: &Client, target: &str) -> (Vec<Value>, Vec<Value>) {
    let (mut groups, mut missing, mut cursor) = (Vec::new(), Vec::new(), String::new());
    for _ in 0..20 {
        let answer = client.get(&format!("{target}{cursor}")).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        groups.extend(page["groups"].as_array().unwrap().iter().cloned());
        missing.push(page["incomplete"].clone());
        match page["nextCursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return (groups, missing),
        }
    }
    panic!("no end")
}

fn shown(groups: &[Value]) -> Vec<String> {
    groups.iter().map(|group| format!("{} {}", group["name"].as_str().unwrap(), group["source"])).collect()
}

#[tokio::test]
async fn the_list_is_one_and_each_path_leads_to_its_own_group() {
    let folder = stores().await;
    let world = world(&folder).await;
    let acme = world.tenant("acme");
    let (groups, missing) = walk(&acme, "/groups?limit=1").await;
    let expected =
        [r#"/acme/a "eu""#, r#"/acme/b "us""#, r#"/acme/both "eu""#, r#"/acme/both "us""#, r#"/acme/c "eu""#, r#"/us/x "us""#];
    assert_eq!(shown(&groups), expected);
    assert!(missing.iter().all(Value::is_null), "{missing:?}");
    let paths: Vec<&str> = groups.iter().map(|group| group["path"].as_str().unwrap()).collect();
    // eu comes first in the grants, so groups of us with the same patterns need the source's name.
    let named = ["/logs/:acme:a", "/logs/:acme:b?source=us", "/logs/:acme:both", "/logs/:acme:both?source=us"];
    assert_eq!(paths[..4], named);
    assert_eq!(paths[5], "/logs/:us:x");
    for group in &groups {
        let (name, source) = (group["name"].as_str().unwrap(), group["source"].as_str().unwrap());
        let message = format!("{name} {source}");
        assert_eq!(acme.get(group["path"].as_str().unwrap()).await.messages(), [message.as_str(); 2]);
        let target = format!("/groups/{}?source={source}", name.replace('/', ":"));
        assert_eq!(acme.get(&target).await.json(), *group, "{target}");
        let streams = acme.get(&target.replace('?', "/streams?")).await.json();
        for stream in streams["streams"].as_array().unwrap() {
            assert_eq!(acme.get(stream["path"].as_str().unwrap()).await.messages(), [message.as_str()]);
        }
    }
}

#[tokio::test]
async fn who_has_one_source_hears_of_none() {
    let folder = stores().await;
    let world = world(&folder).await;
    let globex = world.tenant("globex");
    let (groups, _) = walk(&globex, "/groups?limit=9").await;
    assert!(groups.iter().all(|group| group.get("source").is_none()), "{groups:?}");
    assert_eq!(groups[1]["path"], "/logs/:acme:both");
    assert_eq!(globex.get("/logs/:acme:both?source=us").await.messages(), ["/acme/both us"; 2]);
    // Another tenant's source, an unknown one, and an invalid name.
    for (source, expected) in [("eu", "404 not_found"), ("nowhere", "404 not_found"), ("e%20u", "400 invalid_parameter")] {
        for target in ["/logs/:acme:both", "/logs/:acme:both/s", "/groups/:acme:both", "/groups/:acme:both/streams"] {
            assert_eq!(globex.get(&format!("{target}?source={source}")).await.problem(), expected, "{target} {source}");
        }
        assert_eq!(globex.get(&format!("/logs?group=:acme:both&source={source}")).await.problem(), expected);
    }
}

#[tokio::test]
async fn a_cursor_goes_on_in_the_source_it_began_in_and_contradicts_another() {
    let folder = stores().await;
    let world = world(&folder).await;
    let acme = world.tenant("acme");
    for (begin, on) in [
        ("/logs/:acme:both?source=us&limit=1&start=0", "/logs/:acme:both?limit=1"),
        ("/groups/:acme:both/streams?source=us&limit=1", "/groups/:acme:both/streams?limit=1"),
    ] {
        let cursor = acme.get(begin).await.json()["nextCursor"].as_str().unwrap().to_owned();
        let page = acme.get(&format!("{on}&cursor={cursor}")).await.json();
        let text = page.to_string();
        assert!(text.contains("/acme/both us") || text.contains("/t?source=us"), "{text}");
        let same = acme.get(&format!("{on}&source=us&cursor={cursor}")).await.json();
        assert_eq!((&same["events"], &same["streams"]), (&page["events"], &page["streams"]));
        let answer = acme.get(&format!("{on}&source=eu&cursor={cursor}")).await;
        assert_eq!(answer.problem(), "400 invalid_cursor");
        assert!(answer.json()["detail"].as_str().unwrap().contains("`source` differs"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_source_that_is_down_is_said_on_every_page() {
    let folder = stores().await;
    let world = world(&folder).await;
    let (groups, missing) = walk(&world.tenant("initech"), "/groups?limit=2").await;
    let names: Vec<&str> = groups.iter().map(|group| group["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["/acme/a", "/acme/b", "/acme/both", "/acme/both", "/acme/c"]);
    assert!(missing.len() >= 3 && missing.iter().all(|page| *page == serde_json::json!(["down"])), "{missing:?}");
    let status = world.tenant("hooli").get("/groups").await.status.as_u16();
    assert!([502, 503, 504].contains(&status), "{status}");
}

/// The stream decides too: where only another source's grant covers it, that source is read.
#[tokio::test]
async fn streams_of_a_restricted_grant_lead_where_they_are() {
    let folder = stores().await;
    let world = world(&folder).await;
    let initech = world.tenant("initech");
    assert_eq!(initech.get("/logs/:acme:both/s").await.messages(), ["/acme/both us"]);
    let streams = initech.get("/groups/:acme:both/streams?source=us").await.json();
    assert_eq!(streams["streams"][0]["path"], "/logs/:acme:both/s");
}
