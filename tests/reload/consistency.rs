//! Reloads under load: each answer is by the former or the new policy, and never by parts of both.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::{world, world_with};
use crate::world::Options;

/// Two groups are moved from one tenant to the other and back. In each policy exactly one of them may read both.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_thousand_answers_during_reloads_are_each_by_one_policy() {
    let one = "[tenants.acme]\nlimits = { tails = 1 }\n[[tenants.acme.grants]]\ngroups = [\"/acme/api\", \"/globex/api\"]\nactions = [\"read\"]\n";
    let other =
        "[tenants.acme]\nlimits = { tails = 2 }\n[[tenants.acme.grants]]\ngroups = [\"/nothing\"]\nactions = [\"query\"]\n";
    let world = Arc::new(world_with(Options { tenants: Some(one.to_owned()), ..Options::default() }).await);
    let path = world.config_path();
    let text = std::fs::read_to_string(&path).unwrap();
    let over = Arc::new(AtomicBool::new(false));
    let askers: Vec<_> = (0..4)
        .map(|_| {
            let (world, over) = (Arc::clone(&world), Arc::clone(&over));
            tokio::spawn(async move {
                let acme = world.tenant("acme");
                let (mut old, mut new) = (0, 0);
                while !over.load(Ordering::Relaxed) || old + new < 250 {
                    // A single answer with limits, actions and groups.
                    let me = acme.get("/me").await.json();
                    let shown =
                        (me["limits"]["tails"].clone(), me["grants"][0]["actions"][0].clone(), me["grants"][0]["groups"].clone());
                    if shown == (1.into(), "read".into(), serde_json::json!(["/acme/api", "/globex/api"])) {
                        old += 1;
                    } else {
                        assert_eq!(shown, (2.into(), "query".into(), serde_json::json!(["/nothing"])), "{me}");
                        new += 1;
                    }
                    let groups = acme.get("/groups").await;
                    let names: Vec<String> = match groups.status.as_u16() {
                        200 => {
                            groups.json()["groups"].as_array().unwrap().iter().map(|group| group["name"].to_string()).collect()
                        }
                        status => panic!("{status}: {}", groups.text()),
                    };
                    assert!(names.is_empty() || names.len() == 2, "{names:?}");
                }
                (old, new)
            })
        })
        .collect();
    for generation in 2..22 {
        let tenants = if generation % 2 == 0 { text.replace(one, other) } else { text.clone() };
        logmark::files::replace(&path, tenants.as_bytes(), logmark::files::PUBLIC).unwrap();
        world.request_reload();
        world.generation(generation).await;
    }
    over.store(true, Ordering::Relaxed);
    let (mut old, mut new) = (0, 0);
    for asker in askers {
        let (by_old, by_new) = asker.await.unwrap();
        (old, new) = (old + by_old, new + by_new);
    }
    assert!(old > 0 && new > 0 && old + new >= 1000, "{old} and {new}");
}

/// Reloads of other tenants change nothing: no answer fails, no tail ends, no token is verified again.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn reloads_of_other_tenants_are_not_noticed() {
    let world = world().await;
    let acme = world.tenant("acme");
    let mut tail = crate::world::tail::Tail::open(&acme, "/logs/:acme:api?follow=true").await;
    for generation in 2..12 {
        let (old, new) = if generation % 2 == 0 { ("/globex/*", "/other/*") } else { ("/other/*", "/globex/*") };
        world.edit(old, new);
        world.request_reload();
        world.generation(generation).await;
        assert_eq!(acme.get("/logs/:acme:api/s").await.status, 200);
    }
    world.put("/acme/api", "s", &[(4000, "four")]).await;
    assert_eq!(tail.messages(1).await, ["four"]);
}
