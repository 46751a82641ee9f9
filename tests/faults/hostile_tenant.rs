//! One tenant makes the service hold as much memory as it can: the service stays within its limit, and others get their answers.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::BodyExt as _;
use tokio::time::Instant;

use crate::cli::wire::Wire;
use crate::contract::subject::{Binary, KEEPS_NOTHING, KEYS, cloudwatch, now, tenants};
use crate::world::binary::ServiceDirectory;
use crate::world::fake_cloudwatch::Fake;
use crate::world::fake_cloudwatch::queries::Script;
use crate::world::unread_connection::UnreadConnection;

/// The memory limit of a container with the service.
const LIMIT_KIB: u64 = 512 * 1024;
const STREAMS: usize = 100;
const BEGIN: i64 = 1_700_000_000_000;

/// Events whose every byte becomes six bytes in JSON.
fn control_characters(bytes: usize) -> impl Iterator<Item = (i64, String)> {
    const EVENT: usize = 4096;
    (0..bytes / EVENT).map(|i| (BEGIN + i64::try_from(i).unwrap(), "\u{1b}".repeat(EVENT)))
}

/// The tenant's requests, 100 of each on a connection with closed windows.
const ASKED: [(&str, &str); 7] = [
    ("/logs/:acme:big/s?start=0&limit=10000", "identity"),
    ("/logs/:acme:big/s?start=0&limit=10000", "zstd"),
    ("/logs/:acme:big/s?start=0&limit=10000", "br"),
    ("/logs/:acme:big/s?start=0&format=ndjson", "zstd"),
    ("/logs/:acme:big/s?start=0&format=csv", "gzip"),
    ("/logs/:acme:big/s?limit=10000&format=text", "gzip"),
    ("/groups?limit=1000", "gzip"),
];

/// Sends all requests at once and returns the answers.
async fn attack(address: SocketAddr, authorization: String) -> (Vec<UnreadConnection>, Vec<u16>) {
    let each = ASKED.iter().map(async |(target, coding)| {
        let mut unread_connection = UnreadConnection::connect(address, 0).await;
        let headers = [("authorization", authorization.as_str()), ("accept-encoding", *coding)];
        let statuses = unread_connection.ask(target, &headers, STREAMS).await;
        (unread_connection, statuses)
    });
    let (connections, statuses): (Vec<_>, Vec<_>) = futures_util::future::join_all(each).await.into_iter().unzip();
    (connections, statuses.concat())
}

#[tokio::test]
async fn a_tenant_that_takes_nothing_leaves_the_memory_of_others() {
    let directory = ServiceDirectory::new("");
    directory.put("/acme/big", "s", control_characters(12 << 20));
    directory.put("/globex/app", "s", (0..1000).map(|i| (BEGIN + i, format!("GET /orders/{i} 200 12ms"))));
    let served = directory.serve().await;
    let (acme, globex) = (directory.issuer.token("acme", "logs:read:*"), directory.issuer.token("globex", "logs:read:*"));
    let mut other = Wire::plain(served.address).await;
    let mut ask = async || {
        let begun = Instant::now();
        let answer = other.get("/logs/:globex:app/s?start=0&limit=1000", &globex, &[]).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        assert_eq!(status, 200, "{}", String::from_utf8_lossy(&body));
        assert!(memchr::memmem::find(&body, b"GET /orders/999 ").is_some());
        begun.elapsed()
    };
    let quiet = ask().await;
    let idle = served.process.memory_kib("VmRSS");

    let attacked = tokio::spawn(attack(served.address, format!("Bearer {acme}")));
    let mut times = Vec::new();
    while !attacked.is_finished() {
        times.push(ask().await);
    }
    let (connections, statuses) = attacked.await.unwrap();
    // While the service holds all of them.
    for _ in 0..20 {
        times.push(ask().await);
    }
    times.sort();
    let (peak, held) = (served.process.memory_kib("VmHWM"), served.process.memory_kib("VmRSS"));
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    println!(
        "{} requests of one tenant: {} answered, {} refused; {} MiB idle, {} MiB at most, {} MiB held; another tenant's {} requests: \
         {quiet:?} before, median {:?}, longest {:?}",
        statuses.len(),
        count(200),
        count(429),
        idle / 1024,
        peak / 1024,
        held / 1024,
        times.len(),
        times[times.len() / 2],
        times.last().unwrap(),
    );
    assert_eq!(count(200) + count(429), statuses.len(), "its own fault, or answered: {statuses:?}");
    assert!(count(200) >= STREAMS, "the tenant may use free memory");
    assert!(peak < LIMIT_KIB, "{peak} KiB");
    assert_eq!(served.process.huge_pages_kib(), 0, "one used byte of a huge page would hold 2 MiB");

    drop(connections);
    let freed = async {
        let mut unread_connection = UnreadConnection::connect(served.address, 1 << 20).await;
        let headers = [("authorization", format!("Bearer {acme}"))];
        while unread_connection.ask(ASKED[0].0, &[("authorization", &headers[0].1)], 1).await != [200] {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(30), freed).await.expect("memory of closed requests is free again");
}

/// The rows of one query, requested many times and not read.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rows_that_are_not_taken_are_counted_while_they_come_and_while_they_wait() {
    let fake = Fake::start(now()).await;
    let binary = Binary::with(
        &(cloudwatch(&fake.endpoint(), KEEPS_NOTHING) + &tenants("q")),
        "limits = { response_memory = \"16MiB\" }",
        &KEYS,
    )
    .await;
    fake.state().logs.add_stream("/q/api", "s");
    let value = "\u{1b}".repeat(100) + &"x".repeat(400);
    let row =
        |index: usize| [("@ptr", format!("raw-{index}")), ("value", value.clone())].map(|(name, value)| (name.to_owned(), value));
    let rows = (0..250).map(|index| row(index).to_vec()).collect();
    fake.state().queries.script = Script { rows, looks: 1, ..Script::default() };
    let body = serde_json::json!({ "query": "fields value", "logGroups": ["/q/api"], "start": "-1h" });
    let answer = binary.acme().post("/queries", &body, &[("prefer", "wait=20")]).await;
    assert_eq!(answer.json()["status"], "Complete", "{}", answer.text());
    let target = format!("/queries/{}", answer.json()["queryId"].as_str().unwrap());
    let (process, authorization) = (binary.process(), format!("Bearer {}", binary.token()));
    let idle = process.memory_kib("VmRSS");

    let each = ["identity", "gzip", "zstd"].map(async |coding| {
        let mut unread = UnreadConnection::connect(process.address, 0).await;
        let headers = [("authorization", authorization.as_str()), ("accept-encoding", coding)];
        let statuses = unread.ask(&target, &headers, STREAMS / 3).await;
        (unread, statuses)
    });
    let (connections, statuses): (Vec<_>, Vec<_>) = futures_util::future::join_all(each).await.into_iter().unzip();
    let statuses = statuses.concat();
    let (peak, held) = (process.memory_kib("VmHWM"), process.memory_kib("VmRSS"));
    let count = |status: u16| statuses.iter().filter(|given| **given == status).count();
    println!(
        "{} requests for rows: {} answered, {} refused; {} MiB idle, {} MiB at most, {} MiB held",
        statuses.len(),
        count(200),
        count(429),
        idle / 1024,
        peak / 1024,
        held / 1024
    );
    assert_eq!(count(200) + count(429), statuses.len(), "its own fault, or answered: {statuses:?}");
    // How many depends on how fast the machine writes answers while others wait for memory.
    assert!(count(200) >= 3, "the tenant may use free memory");
    assert!(peak < idle + 3 * 16 * 1024, "{idle} KiB idle, {peak} KiB at most");
    drop(connections);
}

#[tokio::test]
async fn requests_under_way_are_limited_by_tenant() {
    let tenants = crate::world::TENANTS.replace("[tenants.acme]\n", "[tenants.acme]\nlimits = { concurrent_requests = 2 }\n");
    let directory = ServiceDirectory::with_tenants("", &tenants);
    directory.put("/acme/big", "s", control_characters(1 << 20));
    let served = directory.serve().await;
    let token = |tenant| format!("Bearer {}", directory.issuer.token(tenant, "logs:read:*"));
    let (acme, globex) = (token("acme"), token("globex"));
    let mut unread_connection = UnreadConnection::connect(served.address, 0).await;
    let target = "/logs/:acme:big/s?start=0&format=ndjson";
    assert_eq!(unread_connection.ask(target, &[("authorization", &acme)], 2).await, [200, 200]);
    assert_eq!(unread_connection.ask("/me", &[("authorization", &acme)], 1).await, [429]);
    assert!(unread_connection.waiting[2].headers().contains_key("retry-after"));
    assert_eq!(unread_connection.ask("/me", &[("authorization", &globex)], 1).await, [200]);
    drop(unread_connection);
    let mut wire = Wire::plain(served.address).await;
    let acme = directory.issuer.token("acme", "logs:read:*");
    let limits = loop {
        let answer = wire.get("/me", &acme, &[]).await.unwrap();
        let status = answer.status();
        let body = answer.into_body().collect().await.unwrap().to_bytes();
        // The service detects the end of each dropped stream separately.
        if status == 200 {
            let limits = serde_json::from_slice::<serde_json::Value>(&body).unwrap()["limits"].clone();
            if limits["concurrentRequestsRemaining"] != 0 {
                break limits;
            }
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    };
    assert_eq!((&limits["concurrentRequests"], &limits["concurrentRequestsRemaining"]), (&2.into(), &1.into()));
}
