//! Cursors in requests of another kind: refused, with the same text.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};

use super::support::{Binary, Setup, text_of, whole, without_instance};
use crate::world::{HeldClock, Options, World};

const DAY: i64 = 24 * 3600 * 1000;

async fn fill(world: &World) {
    for group in ["/acme/api", "/acme/web", "/globex/api"] {
        for stream in ["web-1", "web-2"] {
            world.put(group, stream, &[(1000, "a"), (2000, "b"), (3000, "c")]).await;
        }
    }
}

async fn world() -> World {
    let world = World::new().await;
    fill(&world).await;
    world
}

/// Requests with a cursor in their answers, and the cursors: of one stream, of a group, of chosen streams, of both lists.
const FIRST: [&str; 6] = [
    "/logs/:acme:api/web-1?from=head&limit=1",
    "/logs/:acme:api?from=head&limit=1",
    "/logs/:acme:api?streams=web-1&from=head&limit=1",
    "/logs/:acme:api?streamPrefix=web&start=0&limit=1",
    "/groups?limit=1",
    "/groups/:acme:api/streams?limit=1",
];

async fn cursors(world: &World, tenant: &str) -> Vec<String> {
    let mut cursors = Vec::new();
    for target in FIRST {
        let target = target.replace("acme", tenant);
        // Globex has one group, so its list has no second page.
        if tenant == "acme" || !target.starts_with("/groups?") {
            cursors.push(text_of(&world.tenant(tenant).get(&target).await, "/nextCursor"));
        }
    }
    cursors
}

#[tokio::test]
async fn a_cursor_opens_its_own_request_and_no_other() {
    let world = world().await;
    let acme = world.tenant("acme");
    let cursors = cursors(&world, "acme").await;
    // (target, the requests of FIRST whose cursors it accepts)
    let targets: [(&str, &[usize]); 12] = [
        ("/logs/:acme:api/web-1?", &[0]),
        ("/logs/:acme:api/web-2?", &[]),
        ("/logs/:acme:web/web-1?", &[]),
        ("/logs/:acme:api?", &[1, 2, 3]),
        ("/logs/:acme:web?", &[]),
        ("/logs?", &[0, 1, 2, 3]),
        ("/logs?group=/acme/api&", &[0, 1, 2, 3]),
        ("/logs?group=/acme/web&", &[]),
        ("/logs?group=/acme/api&stream=web-2&", &[]),
        ("/groups?", &[4]),
        ("/groups/:acme:api/streams?", &[5]),
        ("/groups/:acme:web/streams?", &[]),
    ];
    let mut refusals = BTreeSet::new();
    for (target, takes) in targets {
        for (index, cursor) in cursors.iter().enumerate() {
            let answer = acme.get(&format!("{target}cursor={cursor}")).await;
            if takes.contains(&index) {
                assert_eq!(answer.status, 200, "{target} with the cursor of {}: {}", FIRST[index], answer.text());
            } else {
                assert_eq!(answer.problem(), "400 invalid_cursor", "{target} with the cursor of {}", FIRST[index]);
                refusals.insert(whole(&answer));
            }
        }
    }
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
}

#[tokio::test]
async fn foreign_altered_expired_and_made_up_cursors_answer_alike() {
    let clock = HeldClock::new();
    let world = World::with(Options { clock: Some(clock.clone()), ..Options::default() }).await;
    fill(&world).await;
    let other_host = World::new().await;
    fill(&other_host).await;
    let acme = world.tenant("acme");
    let own = cursors(&world, "acme").await;
    let mut bad: Vec<String> = cursors(&world, "globex").await;
    bad.extend(cursors(&other_host, "acme").await);
    for cursor in &own {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(cursor).unwrap();
        for place in [0, 5, 11, 12, 20, bytes.len() / 2, bytes.len() - 17, bytes.len() - 1] {
            let mut altered = bytes.clone();
            altered[place] ^= 1;
            bad.push(BASE64_URL_SAFE_NO_PAD.encode(altered));
        }
        for length in [1, 15, 16, 17, cursor.len() / 2, cursor.len() - 1] {
            bad.push(cursor[..length].to_owned());
        }
        bad.extend([format!("{cursor}A"), format!("{cursor}="), format!("%20{cursor}"), format!("{cursor}{cursor}")]);
        bad.push(BASE64_STANDARD.encode(&bytes).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D") + "%3D");
        bad.push(cursor.to_ascii_lowercase());
    }
    for made_up in ["", "x", "1", "null", "AAAA", "..", "%00", "%C3%A9", "-1", "eyJhbGciOiJub25lIn0", "f/3684/s"] {
        bad.push(made_up.to_owned());
    }
    bad.extend(["A".repeat(8192), "A".repeat(8193), "A".repeat(15_000)]);
    let mut refusals = BTreeSet::new();
    for endpoint in ["/logs?", "/logs/:acme:api/web-1?", "/groups?", "/groups/:acme:api/streams?"] {
        for cursor in &bad {
            let answer = acme.get(&format!("{endpoint}cursor={cursor}")).await;
            assert_eq!(answer.problem(), "400 invalid_cursor", "{endpoint}cursor={cursor}");
            refusals.insert(whole(&answer));
        }
    }
    // The list of streams uses its own path, which the others do not need.
    let with_age = |first: &str, cursor: &str| {
        let path = if first.starts_with("/groups") { "groups" } else { "logs" };
        format!("/{path}?cursor={cursor}")
    };
    let by_query: Vec<_> = FIRST.iter().zip(&own).filter(|(first, _)| !first.contains("/streams?")).collect();
    clock.advance(DAY - 1);
    for (first, cursor) in &by_query {
        assert_eq!(acme.get(&with_age(first, cursor)).await.problem(), "401 expired_token");
        let later = world.with_token(&token_at(&world, DAY - 1));
        assert_eq!(later.get(&with_age(first, cursor)).await.status, 200, "{first}");
    }
    clock.advance(1);
    for (first, cursor) in &by_query {
        let later = world.with_token(&token_at(&world, DAY));
        let answer = later.get(&with_age(first, cursor)).await;
        assert_eq!(answer.problem(), "400 invalid_cursor", "{first}");
        refusals.insert(whole(&answer));
    }
    assert_eq!(refusals.len(), 1, "{refusals:#?}");
}

/// A token that is valid after the clock has advanced by this many milliseconds.
fn token_at(world: &World, millis: i64) -> String {
    let mut claims = crate::world::tokens::Issuer::claims("acme", "logs:*:*");
    for name in ["iat", "exp"] {
        claims[name] = (claims[name].as_i64().unwrap() + millis / 1000).into();
    }
    world.issuer.mint(&claims)
}

#[tokio::test]
async fn what_stands_beside_a_cursor_must_be_what_it_carries() {
    let world = world().await;
    let acme = world.tenant("acme");
    let stream = text_of(&acme.get("/logs/:acme:api/web-1?start=1000&end=3000&limit=1").await, "/nextCursor");
    let group = text_of(&acme.get("/logs/:acme:api?streams=web-1&streams=web-2&from=head&limit=1").await, "/nextCursor");
    let groups = text_of(&acme.get("/groups?prefix=/acme&limit=1").await, "/nextCursor");
    let streams = text_of(&acme.get("/groups/:acme:api/streams?orderBy=name&order=desc&limit=1").await, "/nextCursor");
    for (target, cursor, named) in [
        ("/logs/:acme:api/web-1?start=1000&end=3000&limit=2&format=csv", &stream, None),
        ("/logs?start=1000&stream=web-1", &stream, None),
        ("/logs?start=1001", &stream, Some("start")),
        ("/logs?start=1970-01-01T00:16:40Z", &stream, None),
        ("/logs?start=-1h", &stream, Some("start")),
        ("/logs?end=4000", &stream, Some("end")),
        ("/logs?from=tail", &stream, Some("from")),
        ("/logs?from=head", &stream, Some("from")),
        ("/logs/:acme:api?streams=web-1&streams=web-2", &group, None),
        ("/logs?from=head", &group, None),
        ("/logs?from=tail", &group, Some("from")),
        ("/logs/:acme:api?streams=web-1", &group, Some("streams` or `streamPrefix")),
        ("/logs/:acme:api?streamPrefix=web", &group, Some("streams` or `streamPrefix")),
        ("/logs?start=0", &group, Some("start")),
        ("/groups?prefix=/acme", &groups, None),
        ("/groups?prefix=/acme/", &groups, Some("prefix")),
        ("/groups?prefix=", &groups, Some("prefix")),
        ("/groups/:acme:api/streams?order=desc", &streams, None),
        ("/groups/:acme:api/streams?order=asc", &streams, Some("order")),
        ("/groups/:acme:api/streams?orderBy=lastEvent", &streams, Some("orderBy")),
        ("/groups/:acme:api/streams?prefix=web", &streams, Some("prefix")),
    ] {
        let answer = acme.get(&format!("{target}&cursor={cursor}")).await;
        match named {
            None => assert_eq!(answer.status, 200, "{target}: {}", answer.text()),
            Some(name) => {
                assert_eq!(answer.problem(), "400 invalid_cursor", "{target}");
                let expected = format!("`{name}` differs from the request in the cursor: leave it out");
                assert_eq!(answer.json()["errors"][0]["detail"], expected.as_str(), "{target}");
            }
        }
    }
    let twice = acme.get(&format!("/logs?cursor={stream}&cursor={stream}")).await;
    assert_eq!(twice.problem(), "400 invalid_parameter");
}

/// Only a caller who can open the cursor learns whether a parameter differs.
#[tokio::test]
async fn a_foreign_cursor_is_not_compared_with_what_stands_beside_it() {
    let world = world().await;
    let cursor = text_of(&world.tenant("globex").get("/logs/:globex:api?start=1000&limit=1").await, "/nextCursor");
    let acme = world.tenant("acme");
    let plain = without_instance(&acme.get(&format!("/logs?cursor={cursor}")).await);
    for beside in ["start=1000", "start=1001", "group=/globex/api", "group=/acme/api", "streams=x"] {
        let answer = acme.get(&format!("/logs?{beside}&cursor={cursor}")).await;
        assert_eq!(without_instance(&answer), plain, "{beside}");
    }
}

/// A cursor grants nothing: scope and grant are checked again.
#[tokio::test]
async fn a_cursor_gives_nothing_that_the_token_does_not() {
    let world = world().await;
    for (target, next) in [("/logs/:acme:api?from=head&limit=1", "/logs"), ("/groups?limit=1", "/groups")] {
        let cursor = text_of(&world.tenant("acme").get(target).await, "/nextCursor");
        let narrow = world.scoped("acme", "logs:tail:/acme/web");
        assert_eq!(narrow.get(&format!("{next}?cursor={cursor}")).await.problem(), "403 insufficient_scope", "{target}");
        assert_eq!(world.anonymous().get(&format!("{next}?cursor={cursor}")).await.problem(), "401 missing_token", "{target}");
    }
}

/// A key in the configuration's format: 32 bytes that are not all equal.
fn key(seed: u8) -> String {
    BASE64_STANDARD.encode(std::array::from_fn::<u8, 32, _>(|index| seed.wrapping_mul(31).wrapping_add(index as u8 * 7)))
}

#[tokio::test]
async fn the_same_key_in_a_file_opens_on_every_instance_and_another_key_on_none() {
    let folder = tempfile::tempdir().unwrap();
    let with_keys = async |keys: &[&str]| {
        let named: Vec<String> = keys.iter().map(|name| format!("\"file:{}\"", folder.path().join(name).display())).collect();
        let world =
            World::with(Options { server: format!("cursor_keys = [{}]\n", named.join(", ")), ..Options::default() }).await;
        fill(&world).await;
        world
    };
    for (name, byte) in [("old", 1_u8), ("new", 2)] {
        let path = folder.path().join(name);
        std::fs::write(&path, key(byte)).unwrap();
        #[cfg(unix)]
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let (first, second) = (with_keys(&["old"]).await, with_keys(&["old"]).await);
    let (rotated, replaced) = (with_keys(&["new", "old"]).await, with_keys(&["new"]).await);
    let cursor = text_of(&first.tenant("acme").get("/logs/:acme:api/web-1?from=head&limit=1").await, "/nextCursor");
    for (world, expected) in [(&first, 200), (&second, 200), (&rotated, 200), (&replaced, 400)] {
        assert_eq!(world.tenant("acme").get(&format!("/logs?cursor={cursor}")).await.status, expected);
    }
    let newer = text_of(&rotated.tenant("acme").get("/logs/:acme:api/web-1?from=head&limit=1").await, "/nextCursor");
    for (world, expected) in [(&replaced, 200), (&rotated, 200), (&first, 400)] {
        assert_eq!(world.tenant("acme").get(&format!("/logs?cursor={newer}")).await.status, expected);
    }
    drop(first.stop().await);
    assert_eq!(second.tenant("acme").get(&format!("/logs?cursor={cursor}")).await.status, 200, "the first service has stopped");
}

#[tokio::test]
async fn a_restart_with_the_key_of_the_environment_keeps_cursors_and_one_without_ends_them() {
    let tenants = "[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";
    for (server, key, expected) in [("cursor_keys = [\"env:CURSOR_KEY\"]", Some(key(9)), 200), ("", None, 400)] {
        let variables = key.map(|key| ("CURSOR_KEY".to_owned(), key)).into_iter().collect();
        let setup = Setup { server: server.to_owned(), tenants: tenants.to_owned(), variables, ..Setup::default() };
        let mut binary = Binary::start(setup).await;
        for time in 1..4 {
            binary.fake.state().logs.put("/acme/api", "web-1", 1_750_000_000_000 + time, "x");
        }
        let page = binary.tenant("acme").get("/logs/:acme:api/web-1?start=1749999999000&limit=1").await;
        let cursor = text_of(&page, "/nextCursor");
        binary.restart().await;
        let answer = binary.tenant("acme").get(&format!("/logs?cursor={cursor}")).await;
        assert_eq!(answer.status, expected, "{}", answer.text());
        if expected == 400 {
            assert_eq!(answer.problem(), "400 invalid_cursor");
        }
    }
}

/// Time passes between two pages; this alone must not exceed the tenant's longest range.
#[tokio::test]
async fn a_range_as_long_as_allowed_is_not_too_long_for_its_next_page() {
    let clock = HeldClock::new();
    let tenants = "[tenants.acme]\nlimits = { max_range = \"1d\" }\n\
                   [[tenants.acme.grants]]\ngroups = [\"/acme/*\"]\nactions = [\"read\"]\n";
    let options = Options { clock: Some(clock.clone()), tenants: Some(tenants.to_owned()), ..Options::default() };
    let world = World::with(options).await;
    let now = logmark::domain::time::Clock::now(&*clock).0;
    world.put("/acme/api", "web-1", &[(now - 3000, "a"), (now - 2000, "b"), (now - 1000, "c")]).await;
    let acme = world.tenant("acme");
    for first in ["from=head", "from=tail", "start=-1d", "start=-24h&end=now"] {
        for form in ["json", "ndjson"] {
            let page = acme.get(&format!("/logs/:acme:api?{first}&limit=1")).await;
            let cursor = text_of(&page, "/nextCursor");
            clock.advance(1000);
            let next = acme.get(&format!("/logs?cursor={cursor}&format={form}")).await;
            assert_eq!(next.status, 200, "{first}: {}", next.text());
        }
    }
    assert_eq!(acme.get("/logs/:acme:api?start=-25h").await.problem(), "400 invalid_parameter");
}
