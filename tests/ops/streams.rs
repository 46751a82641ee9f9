//! `GET /groups/{group}/streams`.

use crate::world::World;

async fn read(world: &World, query: &str) -> Vec<String> {
    let acme = world.tenant("acme");
    let mut names = Vec::new();
    let mut target = format!("/groups/:acme:api/streams?limit=2{query}");
    loop {
        let answer = acme.get(&target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        let page = answer.json();
        names.extend(page["streams"].as_array().unwrap().iter().map(|stream| stream["name"].as_str().unwrap().to_owned()));
        match page["nextCursor"].as_str() {
            Some(cursor) => target = format!("/groups/:acme:api/streams?limit=2{query}&cursor={cursor}"),
            None => return names,
        }
    }
}

#[tokio::test]
async fn streams_come_by_name_or_by_last_event_page_by_page() {
    let world = World::new().await;
    for (stream, time) in [("a", 500), ("b", 100), ("c", 300), ("d", 300), ("other", 200)] {
        world.put("/acme/api", stream, &[(time, "x")]).await;
    }
    assert_eq!(read(&world, "").await, ["a", "b", "c", "d", "other"]);
    assert_eq!(read(&world, "&order=desc").await, ["other", "d", "c", "b", "a"]);
    assert_eq!(read(&world, "&prefix=o").await, ["other"]);
    assert_eq!(read(&world, "&orderBy=lastEvent").await, ["a", "d", "c", "other", "b"]);
    assert_eq!(read(&world, "&orderBy=lastEvent&order=asc").await, ["b", "other", "c", "d", "a"]);
}

#[tokio::test]
async fn a_stream_tells_its_times_and_a_path_that_works() {
    let world = World::new().await;
    world.put("/acme/api", "web 1", &[(1000, "a"), (2000, "b")]).await;
    let acme = world.tenant("acme");
    let page = acme.get("/groups/:acme:api/streams").await.json();
    let stream = &page["streams"][0];
    assert_eq!(stream["name"], "web 1");
    assert_eq!(stream["firstEventAt"], "1970-01-01T00:00:01.000Z");
    assert_eq!(stream["lastEventAt"], "1970-01-01T00:00:02.000Z");
    assert_eq!(stream["lastIngestionAt"], "2023-11-14T22:13:20.500Z");
    assert_eq!(acme.get(stream["path"].as_str().unwrap()).await.messages(), ["a", "b"]);
    assert_eq!(acme.get("/groups/:acme:nothing/streams").await.problem(), "404 not_found");
}
