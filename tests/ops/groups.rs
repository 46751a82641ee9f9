//! `GET /groups` and `GET /groups/{group}`.

use crate::world::World;

async fn world() -> World {
    let world = World::new().await;
    for group in [
        "/acme/api",
        "/acme/web",
        "/acme2/api",
        "/globex/api",
        "/shared/gateway",
        "/shared/other",
        "/described/x",
        "/customers/new/a",
    ] {
        world.put(group, "s", &[(1, "x")]).await;
    }
    world
}

async fn names(client: &crate::world::client::Client, target: &str) -> Vec<String> {
    let answer = client.get(target).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.json()["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn a_caller_sees_what_scope_and_grant_both_allow() {
    let world = world().await;
    assert_eq!(names(&world.tenant("acme"), "/groups").await, ["/acme/api", "/acme/web", "/described/x", "/shared/gateway"]);
    assert_eq!(names(&world.scoped("acme", "logs:read:/acme/*"), "/groups").await, ["/acme/api", "/acme/web"]);
    assert_eq!(names(&world.scoped("acme", "logs:describe:*api"), "/groups").await, ["/acme/api"]);
    assert_eq!(names(&world.tenant("globex"), "/groups").await, ["/globex/api"]);
    assert_eq!(names(&world.tenant("new"), "/groups").await, ["/customers/new/a"]);
    assert_eq!(names(&world.tenant("unheard-of"), "/groups").await, Vec::<String>::new());
    assert_eq!(world.scoped("acme", "logs:tail:*").get("/groups").await.problem(), "403 insufficient_scope");
    assert_eq!(world.scoped("acme", "openid email").get("/groups").await.problem(), "403 insufficient_scope");
}

#[tokio::test]
async fn the_list_is_paged_and_narrowed_by_prefix() {
    let world = world().await;
    let acme = world.tenant("acme");
    assert_eq!(names(&acme, "/groups?prefix=/acme/").await, ["/acme/api", "/acme/web"]);
    assert_eq!(names(&acme, "/groups?prefix=:acme:w").await, ["/acme/web"]);
    assert_eq!(names(&acme, "/groups?prefix=/globex").await, Vec::<String>::new());
    let mut read = Vec::new();
    let mut target = "/groups?limit=1".to_owned();
    loop {
        let page = acme.get(&target).await.json();
        read.extend(page["groups"].as_array().unwrap().iter().map(|group| group["name"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(cursor) => target = format!("/groups?limit=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(read, ["/acme/api", "/acme/web", "/described/x", "/shared/gateway"]);
}

#[tokio::test]
async fn a_group_tells_its_properties_and_a_path_that_works() {
    let world = world().await;
    world.store().set_retention("/acme/api", Some(30)).unwrap();
    let acme = world.tenant("acme");
    let group = acme.get("/groups/:acme:api").await.json();
    assert_eq!(group["name"], "/acme/api");
    assert_eq!(group["retentionDays"], 30);
    assert_eq!(group["storedBytes"], 1);
    assert_eq!(group["class"], "STANDARD");
    assert_eq!(group["createdAt"], "2023-11-14T22:13:20.000Z");
    assert_eq!(acme.get(group["path"].as_str().unwrap()).await.messages(), ["x"]);
    assert_eq!(acme.get("/groups/%2Facme%2Fapi").await.json(), group);
}

#[tokio::test]
async fn describing_is_not_reading() {
    let world = world().await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/groups/:described:x").await.status, 200);
    assert_eq!(acme.get("/logs/:described:x").await.problem(), "404 not_found");
    let reader = world.scoped("acme", "logs:describe:*");
    assert_eq!(reader.get("/groups/:acme:api").await.status, 200);
    assert_eq!(reader.get("/logs/:acme:api").await.problem(), "403 insufficient_scope");
}
