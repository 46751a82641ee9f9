//! The limits of tenants: their refusals, their figures in `GET /me` and in headers, and sharing them between replicas.

mod accounting;
mod budgets;
mod encrypted;
mod replicas;
mod restricted;
mod store_away;

use crate::world::{Options, World};

/// A world with one tenant `acme`, with these limits.
async fn limited(limits: &str) -> World {
    World::with(Options { tenants: Some(tenants(limits)), ..Options::default() }).await
}

fn tenants(limits: &str) -> String {
    format!(
        "[tenants.acme]\nlimits = {{ {limits} }}\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\n\
         actions = [\"read\", \"query\", \"tail\"]\n\
         [tenants.globex]\n[[tenants.globex.grants]]\ngroups = [\"/globex/*\"]\nactions = [\"read\"]\n"
    )
}

/// Puts this many events with messages of this many bytes.
async fn put(world: &World, events: usize, bytes: usize) {
    let now = jiff::Timestamp::now().as_millisecond();
    let message = "x".repeat(bytes);
    let events: Vec<(i64, &str)> = (0..events).map(|index| (now - 60_000 + index as i64, message.as_str())).collect();
    // A batch of the store has at most 4 MiB.
    for batch in events.chunks(1000) {
        world.put("/acme/api", "web-1", batch).await;
    }
}
