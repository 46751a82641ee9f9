//! Pages, exports, filters and columns of stored events, on the local source.

use super::{BEGIN, FOREIGN, SECRET, assert_clean, events, local_world, messages, page, shown};
use crate::world::{Options, World};

const GROUP: &str = "/logs/:shared:app?start=1749999999000&end=1750000100000";

#[tokio::test]
async fn only_matching_events_exist_and_they_are_masked() {
    let world = local_world().await;
    let acme = world.tenant("acme");
    let all = page(&acme, GROUP).await;
    assert_eq!(messages(&all), [shown(0), shown(4), shown(6)]);
    assert!(!all.to_string().contains(FOREIGN), "{all}");
    assert_eq!((&all["stopReason"], &all["withheld"]), (&"end".into(), &0.into()));
    let stream = page(&acme, "/logs/:shared:app/web-1?start=1749999999000").await;
    assert_eq!(messages(&stream), [shown(0), shown(6)]);
    let tail = page(&acme, "/logs/:shared:app?from=tail&limit=2").await;
    assert_eq!(messages(&tail), [shown(4), shown(6)]);
    // Without a mask, messages are unchanged and none is withheld.
    let rows = world.tenant("rows").get(GROUP).await.json();
    let own: Vec<String> = events().into_iter().map(|(_, _, message)| message).filter(|text| text.contains("acme")).collect();
    assert_eq!(messages(&rows), own);
    assert!(rows.get("withheld").is_none(), "{rows}");
}

#[tokio::test]
async fn what_cannot_be_masked_is_withheld_and_counted_once() {
    let world = local_world().await;
    let masked = world.tenant("masked");
    let all = page(&masked, "/logs/:shared:app/web-2?start=1749999999000").await;
    assert_eq!((messages(&all).len(), &all["withheld"]), (3, &0.into()), "{all}");
    // Page by page: each visible and each withheld event is in exactly one page.
    for limit in 1..=8 {
        let (mut target, mut shown, mut withheld) = (format!("{GROUP}&limit={limit}"), Vec::new(), 0);
        for _ in 0..20 {
            let answer = masked.get(&target).await.json();
            shown.extend(messages(&answer));
            withheld += answer["withheld"].as_u64().unwrap();
            if answer["stopReason"] == "end" {
                break;
            }
            target = format!("/logs?limit={limit}&cursor={}", answer["nextCursor"].as_str().unwrap());
        }
        assert_eq!((shown.len(), withheld), (7, 1), "limit {limit}");
        assert!(!shown.iter().any(|message| message.contains("plain")));
    }
    let removed = world.tenant("removed").get(&format!("{GROUP}&limit=1")).await.json();
    assert_eq!(messages(&removed), [r#"{"tenant":"acme","n":0,"user":{"name":"Ann"},"items":[{"id":1}]}"#]);
}

#[tokio::test]
async fn every_format_has_the_masked_rows_and_the_count_of_withheld_events() {
    let world = local_world().await;
    let (acme, masked) = (world.tenant("acme"), world.tenant("masked"));
    let ndjson = acme.get(&format!("{GROUP}&format=ndjson&trailer=line")).await;
    assert_clean(&ndjson);
    let lines: Vec<serde_json::Value> = ndjson.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 4);
    assert_eq!((lines[1]["message"].as_str().unwrap(), &lines[3]["withheld"]), (shown(4).as_str(), &0.into()));
    for (format, expected) in [("ndjson", 7), ("csv", 8), ("text", 7)] {
        let target = format!("{GROUP}&format={format}");
        let answer = masked.get(&target).await;
        assert_eq!(answer.status, 200, "{}", answer.text());
        assert_eq!((answer.text().lines().count(), answer.trailers["logmark-withheld"].as_bytes()), (expected, b"1".as_slice()));
        assert_eq!(answer.header("trailer"), "logmark-cursor, logmark-withheld");
        let plain = world.tenant("whole").get(&target).await;
        assert_eq!((plain.header("trailer").as_str(), plain.trailers.get("logmark-withheld")), ("logmark-cursor", None));
        let last = masked.get(&format!("/logs/:shared:app?from=tail&limit=3&format={format}")).await;
        assert_eq!((last.status.as_u16(), last.trailers.contains_key("logmark-withheld")), (200, true), "{}", last.text());
        assert_clean(&acme.get(&target).await);
    }
}

#[tokio::test]
async fn columns_show_masked_messages_and_refuse_masked_paths() {
    let world = local_world().await;
    let acme = world.tenant("acme");
    let target = format!("{GROUP}&format=csv&columns=$.n,$.user,message");
    let csv = acme.get(&target).await;
    assert_clean(&csv);
    assert_eq!(csv.text().lines().nth(1).unwrap().split(',').next(), Some("0"));
    assert!(csv.text().contains(r#"""email"":""***"""#), "{}", csv.text());
    for column in ["$.card", "$.card.number", "$['card']", "$.user.email", "$.items[0].pan"] {
        for format in ["csv", "ndjson", "text"] {
            let target = format!("{GROUP}&format={format}&columns={}", urlencoded(column));
            let refused = acme.get(&target).await;
            assert_eq!(refused.problem(), "422 query_forbidden", "{column}");
            let detail = refused.json()["detail"].as_str().unwrap().to_owned();
            assert!(detail.contains("which your grant masks"), "{detail}");
            assert_eq!(refused.json()["errors"][0]["parameter"], "columns");
            assert_eq!(world.tenant("rows").get(&target).await.status, 200);
        }
    }
}

#[tokio::test]
async fn filters_see_visible_rows_and_never_masked_values() {
    let world = local_world().await;
    let (acme, masked) = (world.tenant("acme"), world.tenant("masked"));
    let filtered = |filter: &str| format!("{GROUP}&filter={}", urlencoded(filter));
    for (filter, expected) in [
        ("{ $.n = 4 }", vec![shown(4)]),
        ("{ $.tenant = globex }", vec![]),
        ("{ $.n > 0 && $.user.name = Ann }", vec![shown(4), shown(6)]),
        ("needle", vec![]),
        (FOREIGN, vec![]),
        ("Ann", vec![shown(0), shown(4), shown(6)]),
        (SECRET, vec![]),
        ("%s3c%", vec![]),
        ("-needle", vec![shown(0), shown(4), shown(6)]),
    ] {
        let found = page(&acme, &filtered(filter)).await;
        assert_eq!(messages(&found), expected, "{filter}");
        let stream = page(&acme, &filtered(filter).replace("app?", "app/web-2?")).await;
        assert_eq!(
            messages(&stream),
            expected.iter().filter(|text| text.contains(":4,")).cloned().collect::<Vec<_>>(),
            "{filter}"
        );
    }
    // A withheld message matches nothing, and is not counted under a filter.
    let plain = masked.get(&filtered("plain")).await.json();
    assert_eq!((messages(&plain).len(), &plain["withheld"]), (0, &0.into()));
    for (filter, path) in [
        ("{ $.card = * }", "$.card"),
        ("{ $.card NOT EXISTS }", "$.card"),
        ("{ $.n = 4 && $.user.email = a }", "$.user.email"),
        ("{ $.user NOT EXISTS }", "$.user.email"),
        ("{ $.items[*].pan = 1 }", "$.items[*].pan"),
        ("{ $.* = 1 }", "$.card"),
    ] {
        let refused = acme.get(&filtered(filter)).await;
        assert_eq!(refused.problem(), "422 query_forbidden", "{filter}");
        assert_eq!(
            refused.json()["detail"],
            format!("`filter` uses `{path}`, which your grant masks: leave it out."),
            "{filter}"
        );
        assert_clean(&refused);
        assert_eq!(world.tenant("rows").get(&filtered(filter)).await.status, 200, "{filter}");
    }
}

#[tokio::test]
async fn figures_that_count_hidden_events_are_not_told() {
    let world = local_world().await;
    for (tenant, has_sizes, has_times) in
        [("whole", true, true), ("rows", false, false), ("acme", false, false), ("masked", false, true)]
    {
        let client = world.tenant(tenant);
        let group = page(&client, "/groups/:shared:app").await;
        assert_eq!(group.get("storedBytes").is_some(), has_sizes, "{tenant}: {group}");
        let listed = page(&client, "/groups").await;
        assert_eq!(listed["groups"][0].get("storedBytes").is_some(), has_sizes, "{tenant}: {listed}");
        let streams = page(&client, "/groups/:shared:app/streams").await;
        assert_eq!(streams["streams"].as_array().unwrap().len(), 2);
        for time in ["firstEventAt", "lastEventAt", "lastIngestionAt"] {
            assert_eq!(streams["streams"][0].get(time).is_some(), has_times, "{tenant} {time}: {streams}");
        }
        let by_event = client.get("/groups/:shared:app/streams?orderBy=lastEvent").await;
        assert_eq!(by_event.status, if has_times { 200 } else { 400 }, "{tenant}: {}", by_event.text());
    }
}

#[tokio::test]
async fn ids_do_not_tell_how_many_hidden_events_lie_between() {
    let world = local_world().await;
    let number = |event: &serde_json::Value| event["eventId"].as_str().unwrap()[36..].parse::<u64>().unwrap();
    let whole = world.tenant("whole").get(GROUP).await.json();
    let plain: Vec<u64> = whole["events"].as_array().unwrap().iter().map(number).collect();
    assert!(plain.iter().all(|number| *number < 10), "{plain:?}");
    let acme = world.tenant("acme");
    let hidden: Vec<u64> = page(&acme, GROUP).await["events"].as_array().unwrap().iter().map(number).collect();
    assert!(hidden.iter().all(|number| *number > 1000), "{hidden:?}");
    // The same event has the same id in every answer, also after a restart.
    let again: Vec<u64> =
        page(&acme, "/logs/:shared:app?from=tail").await["events"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(hidden, again);
    let folder = world.stop().await;
    let world = World::again(folder, Options { tenants: Some(super::tenants("disk")), ..Options::default() }).await;
    let later: Vec<u64> = page(&world.tenant("acme"), GROUP).await["events"].as_array().unwrap().iter().map(number).collect();
    assert_eq!(hidden, later);
}

#[tokio::test]
async fn pages_do_not_run_dry_silently() {
    let world = World::with(Options { tenants: Some(super::tenants("disk")), ..Options::default() }).await;
    let foreign: Vec<String> = (0..30_000).map(|number| format!(r#"{{"tenant":"globex","n":{number}}}"#)).collect();
    let hidden: Vec<(i64, &str)> = (0..).zip(&foreign).map(|(number, message)| (BEGIN + number, message.as_str())).collect();
    world.put("/shared/app", "web-1", &hidden).await;
    world.put("/shared/app", "web-1", &[(BEGIN + 30_000, r#"{"tenant":"acme","n":1}"#)]).await;
    let found = page(&world.tenant("rows"), "/logs/:shared:app/web-1?start=1749999999000&limit=1").await;
    assert_eq!(messages(&found).len(), 1, "the work for one page covers the hidden events");
    let next = page(&world.tenant("rows"), &format!("/logs?cursor={}", found["nextCursor"].as_str().unwrap())).await;
    assert_eq!((messages(&next).len(), next["stopReason"].as_str().unwrap()), (0, "end"));
}

/// Percent-encodes everything but letters and digits.
pub(super) fn urlencoded(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
