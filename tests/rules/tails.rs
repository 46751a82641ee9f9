//! Live tails under rules, on the local source.

use super::{SECRET, local_world, shown};
use crate::world::tail::Tail;

const ALL: &str = "/logs/:shared:app?follow=true&start=1749999999000";

/// Now, in epoch milliseconds.
fn now() -> i64 {
    i64::try_from(std::time::UNIX_EPOCH.elapsed().unwrap().as_millis()).unwrap()
}

#[tokio::test]
async fn history_and_new_events_of_a_tail_are_the_visible_ones_masked() {
    let world = local_world().await;
    let own = |number: i64| super::events()[0].2.replace("\"n\":0", &format!("\"n\":{number}"));
    let foreign = super::events()[1].2.clone();
    for (target, is_ndjson) in
        [(ALL.to_owned(), false), (format!("{ALL}&format=ndjson"), true), (ALL.replace("app?", "app/web-1?"), false)]
    {
        let mut tail = Tail::open(&world.tenant("acme"), &target).await;
        let stream_only = target.contains("web-1");
        let expected = if stream_only { vec![shown(0), shown(6)] } else { vec![shown(0), shown(4), shown(6)] };
        assert_eq!(
            tail.messages(expected.len()).await.iter().map(|text| text.replace(SECRET, "!")).collect::<Vec<_>>(),
            expected
        );
        let at = now();
        let number = if is_ndjson { 101 } else { 100 };
        world
            .put(
                "/shared/app",
                "web-1",
                &[(at, foreign.as_str()), (at, "not JSON"), (at, own(number).as_str()), (at + 1, foreign.as_str())],
            )
            .await;
        let event = tail.event().await;
        assert_eq!(
            event["message"].as_str().unwrap().replace("\"card\":\"***\"", ""),
            shown(number).replace("\"card\":\"***\"", "")
        );
        assert!(!event.to_string().contains(SECRET), "{event}");
        assert!(event["eventId"].as_str().unwrap()[36..].parse::<u64>().unwrap() > 1000, "{event}");
        // A cursor continues behind its event, with the same rules.
        let mut again =
            Tail::open(&world.tenant("acme"), &format!("{}&cursor={}", target.replace("&start=1749999999000", ""), tail.cursor))
                .await;
        world.put("/shared/app", "web-1", &[(at + 2, foreign.as_str()), (at + 3, own(number + 7).as_str())]).await;
        assert_eq!(again.event().await["message"], tail.event().await["message"]);
        // Events of this round must not be history of the next round.
        let folder_is_shared = tail.received > 0;
        assert!(folder_is_shared);
        drop((tail, again));
        if !stream_only {
            return_to_start(&world).await;
        }
    }
}

/// Deletes the events of a round, so that the next one begins with the same history.
async fn return_to_start(world: &crate::world::World) {
    let store = world.store();
    tokio::task::spawn_blocking(move || store.delete_group("/shared/app")).await.unwrap().unwrap();
    for (stream, after, message) in super::events() {
        world.put("/shared/app", stream, &[(super::BEGIN + after, &message)]).await;
    }
}

#[tokio::test]
async fn a_filter_of_a_tail_sees_masked_messages() {
    let world = local_world().await;
    let acme = world.tenant("acme");
    let refused = acme.get("/logs/:shared:app?follow=true&filter=%7B%20%24.card%20%3D%20%2A%20%7D").await;
    assert_eq!(refused.problem(), "422 query_forbidden");
    let refused = acme.get("/logs/:shared:app?follow=true&format=ndjson&columns=$.card").await;
    assert_eq!(refused.problem(), "422 query_forbidden");
    let mut tail = Tail::open(&acme, &format!("{ALL}&filter={SECRET}")).await;
    let mut other = Tail::open(&acme, &format!("{ALL}&filter=Ann")).await;
    assert_eq!(other.messages(3).await.len(), 3);
    let message = format!(r#"{{"tenant":"acme","note":"{SECRET}","card":"x"}}"#);
    world.put("/shared/app", "web-1", &[(now(), message.as_str())]).await;
    assert_eq!(tail.event().await["message"], format!(r#"{{"tenant":"acme","note":"{SECRET}","card":"***"}}"#));
}
