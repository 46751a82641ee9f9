//! Each denial has its audit line with caller, address, request and reason; a flood of denials is bounded.

use logmark::telemetry::audit::text_hash;
use serde_json::Value;

use crate::world::binary::ServiceDirectory;
use crate::world::client::Client;
use crate::world::tokens::Issuer;

/// The lines of requests on standard output.
fn audit_lines(output: &str) -> Vec<Value> {
    let lines = output.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    lines.filter(|line| line["requestId"].is_string()).collect()
}

#[tokio::test]
async fn reads_and_denials_are_audited_with_issuer_token_id_and_peer() {
    let directory = ServiceDirectory::new("");
    directory.put("/acme/api", "s", (0..3).map(|i| (1_700_000_000_000 + i, format!("line {i}"))));
    let mut served = directory.serve().await;
    let mut claims = Issuer::claims("acme", "logs:read:/acme/*");
    claims["jti"] = "token-7".into();
    let acme = Client::new(served.address, Some(directory.issuer.mint(&claims)));
    assert_eq!(acme.get("/logs/:acme:api/s").await.status, 200);
    assert_eq!(acme.get("/logs/:globex:api/s").await.problem(), "404 not_found");
    assert_eq!(acme.get("/no-such-path").await.problem(), "404 not_found");
    assert_eq!(acme.get("/logs/:shared:gateway/s").await.problem(), "403 insufficient_scope");
    claims["exp"] = 1.into();
    let expired = Client::new(served.address, Some(directory.issuer.mint(&claims)));
    assert_eq!(expired.get("/me").await.problem(), "401 expired_token");
    let made_up = Client::new(served.address, Some("made-up".to_owned()));
    assert_eq!(made_up.get("/me").await.problem(), "401 invalid_token");
    let nobody = Client::new(served.address, None);
    assert_eq!(nobody.get("/groups").await.problem(), "401 missing_token");
    served.process.signal("TERM").await;
    served.process.ended().await;
    let lines = audit_lines(&served.process.wait_for_output("\"event\":\"stop\"").await);
    let text = |line: &Value, name: &str| line[name].as_str().unwrap_or("-").to_owned();
    let shown = lines.iter().map(|line| {
        assert_eq!(line["client"], "127.0.0.1", "{line}");
        assert_eq!(text(line, "requestId").len(), 32);
        assert_eq!(line["allowed"], line["event"] == "read", "{line}");
        let outcome = if line["allowed"] == false { text(line, "code") } else { "read".to_owned() };
        let group = line["groups"][0].as_str().unwrap_or("-");
        let names = ["tenant", "issuer", "subject", "tokenId"].map(|name| text(line, name)).join(" ");
        format!("{outcome} {names} {group}").replace(&text_hash("token-7"), "token-7")
    });
    // A read is audited after its answer has been sent, which may be after the next request.
    let mut shown: Vec<String> = shown.collect();
    shown.sort();
    assert_eq!(
        shown,
        [
            "expired_token - - - - -",
            "insufficient_scope acme test someone token-7 /shared/gateway",
            "invalid_token - - - - -",
            "missing_token - - - - -",
            "not_found acme test someone token-7 -",
            "read acme test someone token-7 /acme/api",
        ]
    );
    let reasons: Vec<_> = lines.iter().filter_map(|line| line["reason"].as_str()).collect();
    assert!(reasons[0].contains("no grant") && reasons[1].contains("logs:read:/shared/gateway"), "{reasons:?}");
    assert_eq!(reasons[2..], ["expired token", "invalid token: token has 1 parts instead of 3", "no token"]);
}

#[tokio::test]
async fn a_flood_of_bad_tokens_is_audited_in_bounded_lines() {
    let directory = ServiceDirectory::new("");
    let mut served = directory.serve().await;
    let made_up = Client::new(served.address, Some("made-up".to_owned()));
    let begun = std::time::Instant::now();
    for _ in 0..1000 {
        assert_eq!(made_up.get("/me").await.status, 401);
    }
    let allowed = 200 + 20 * (usize::try_from(begun.elapsed().as_secs()).unwrap() + 1);
    assert_eq!(made_up.get("/no-such-path").await.status, 404);
    served.process.signal("TERM").await;
    served.process.ended().await;
    let lines = audit_lines(&served.process.wait_for_output("\"event\":\"stop\"").await);
    assert!((200..=allowed).contains(&lines.len()), "{} lines, {allowed} allowed", lines.len());
}
