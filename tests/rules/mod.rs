//! Row rules and masks of grants: the events that callers see, in every operation and format, on both sources.

mod reads;
mod several_grants;
mod tail_oracle;
mod tails;
mod queries;
mod cloudwatch;

use serde_json::Value;

use crate::world::client::{Answer, Client};
use crate::world::{Options, World};

/// A moment inside every default range, and after 2024.
pub const BEGIN: i64 = 1_750_000_000_000;
/// A masked value, which must not be in any answer.
pub const SECRET: &str = "s3cr3t";
/// Text of another tenant's events.
pub const FOREIGN: &str = "h1dden";

/// The tenant `acme` sees its rows of `/shared/app`, masked; `whole` sees everything there.
pub fn tenants(source: &str) -> String {
    format!(
        r#"
[[tenants.acme.grants]]
source = "{source}"
groups = ["/shared/app"]
actions = ["read", "query", "tail"]
where = '{{ $.tenant = "acme" }}'
mask = ["$.card", "$.user.email", "$.items[*].pan"]

[[tenants.rows.grants]]
source = "{source}"
groups = ["/shared/app"]
actions = ["read", "query", "tail"]
where = '{{ $.tenant = "acme" }}'

[[tenants.masked.grants]]
source = "{source}"
groups = ["/shared/app"]
actions = ["read", "query", "tail"]
mask = ["$.card", "$.user.email", "$.items[*].pan"]

[[tenants.removed.grants]]
source = "{source}"
groups = ["/shared/app"]
actions = ["read", "query", "tail"]
mask = ["$.card", "$.user.email", "$.items[*].pan"]
mask_with = "remove"

[[tenants.whole.grants]]
source = "{source}"
groups = ["/shared/app"]
actions = ["read", "query", "tail"]
"#
    )
}

/// The events of two streams: visible ones, hidden ones between them, and one that is not JSON.
pub fn events() -> Vec<(&'static str, i64, String)> {
    let own = |number: i64| {
        format!(
            r#"{{"tenant":"acme","n":{number},"card":"{SECRET}-{number}","user":{{"name":"Ann","email":"{SECRET}@x"}},"items":[{{"id":1,"pan":"{SECRET}"}}]}}"#
        )
    };
    let foreign = |number: i64| format!(r#"{{"tenant":"globex","n":{number},"note":"{FOREIGN} needle"}}"#);
    vec![
        ("web-1", 0, own(0)),
        ("web-1", 1, foreign(1)),
        ("web-2", 2, foreign(2)),
        ("web-1", 3, format!("plain {SECRET} line")),
        ("web-2", 4, own(4)),
        ("web-1", 5, foreign(5)),
        ("web-1", 6, own(6)),
        ("web-2", 7, foreign(7)),
    ]
}

/// An event of [`events`] as `acme` sees it.
pub fn shown(number: i64) -> String {
    format!(
        r#"{{"tenant":"acme","n":{number},"card":"***","user":{{"name":"Ann","email":"***"}},"items":[{{"id":1,"pan":"***"}}]}}"#
    )
}

/// A service with a local source that has [`events`].
pub async fn local_world() -> World {
    let world = World::with(Options { tenants: Some(tenants("disk")), ..Options::default() }).await;
    for (stream, after, message) in events() {
        world.put("/shared/app", stream, &[(BEGIN + after, &message)]).await;
    }
    world
}

/// Asserts that the answer has no secret in its body, headers or trailers.
#[track_caller]
pub fn assert_clean(answer: &Answer) {
    let all = format!("{:?} {} {:?}", answer.headers, answer.text(), answer.trailers);
    assert!(!all.contains(SECRET), "{all}");
}

/// A page, checked for secrets.
pub async fn page(client: &Client, target: &str) -> Value {
    let answer = client.get(target).await;
    assert_eq!(answer.status, 200, "{target}: {}", answer.text());
    assert_clean(&answer);
    answer.json()
}

/// The messages of a page.
pub fn messages(page: &Value) -> Vec<String> {
    page["events"].as_array().unwrap().iter().map(|event| event["message"].as_str().unwrap().to_owned()).collect()
}
