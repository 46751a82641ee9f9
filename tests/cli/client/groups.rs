//! `logmark groups`.

use insta::assert_snapshot;

use super::environment::acme;
use crate::world::World;

async fn world() -> World {
    let world = World::new().await;
    world.put("/acme/api", "web-1", &[(1_795_168_800_000, "a")]).await;
    world.put("/acme/api", "日本", &[(1_795_168_800_000, "b")]).await;
    world.put("/acme/web", "x", &[(1_795_168_800_000, "c")]).await;
    world.put("/globex/api", "x", &[(1_795_168_800_000, "d")]).await;
    world
}

#[tokio::test]
async fn groups_and_streams_are_tables_csv_and_ndjson() {
    let world = world().await;
    let groups = acme(&world, &["groups"]).await;
    assert_eq!(groups.code, 0, "{}", groups.err);
    let names: Vec<&str> = groups.out.lines().map(|line| line.split_whitespace().next().unwrap()).collect();
    assert_eq!(names, ["GROUP", "/acme/api", "/acme/web"]);
    let prefix = acme(&world, &["groups", "--prefix", "/acme/w", "--format", "ndjson"]).await;
    let group: serde_json::Value = serde_json::from_str(&prefix.out).unwrap();
    assert_eq!(group["name"], "/acme/web");
    assert!(prefix.out.starts_with("{\"name\":"), "members stay in order: {}", prefix.out);
    let one = acme(&world, &["groups", "/acme/api", "--format", "json"]).await;
    let list: serde_json::Value = serde_json::from_str(&one.out).unwrap();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["name"]), (1, &"/acme/api".into()));
    let streams = acme(&world, &["groups", "/acme/api", "--streams"]).await;
    assert_snapshot!(streams.out, @"
    STREAM  FIRST EVENT               LAST EVENT                CREATED
    web-1   2026-11-20T10:00:00.000Z  2026-11-20T10:00:00.000Z  2023-11-14T22:13:20.000Z
    日本    2026-11-20T10:00:00.000Z  2026-11-20T10:00:00.000Z  2023-11-14T22:13:20.000Z
    ");
    let csv = acme(&world, &["groups", "/acme/api", "--streams", "--limit", "1", "--format", "csv"]).await;
    assert_eq!(
        csv.out,
        "name,firstEventAt,lastEventAt,createdAt\r\n\
         web-1,2026-11-20T10:00:00.000Z,2026-11-20T10:00:00.000Z,2023-11-14T22:13:20.000Z\r\n"
    );
    let nothing = acme(&world, &["groups", "--prefix", "/none"]).await;
    assert_eq!((nothing.code, nothing.out.as_str(), nothing.err.as_str()), (0, "", "no log groups\n"));
}

#[tokio::test]
async fn many_groups_are_listed_to_the_end() {
    let world = World::new().await;
    for number in 0..1100 {
        world.store().create_group(&format!("/acme/{number:04}"), 1_700_000_000_000).unwrap();
    }
    let groups = acme(&world, &["groups", "--format", "csv"]).await;
    assert_eq!(groups.out.lines().count(), 1101, "{}", groups.err);
    let limited = acme(&world, &["groups", "--limit", "7", "--format", "ndjson"]).await;
    assert_eq!(limited.out.lines().count(), 7);
}
