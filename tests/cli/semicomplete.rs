//! Ten thousand real lines are imported and read back unchanged: over HTTPS, as a stream and as pages, before and after `kill
//! -9`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::serve::{TLS, write_certificate};
use super::wire::{Wire, whole};
use crate::world::binary::{RunningService, ServiceDirectory, run};

const TENANTS: &str = "[tenants.shop]\n[[tenants.shop.grants]]\ngroups = [\"/web/*\"]\nactions = [\"read\"]\n";
const STREAM: &str = "/logs/:web:semicomplete/prod";

fn log() -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let data = std::env::var_os("LOGMARK_TEST_DATA").map_or_else(beside, PathBuf::from);
    Some(data.join("web/apache_combined_semicomplete_10k.log")).filter(|log| log.exists())
}

/// The lines in the order of their times; lines of one second in the order of the file.
fn expected(text: &str) -> Vec<String> {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_by_key(|line| {
        let (_, rest) = line.split_once('[').unwrap();
        let (day, time) = rest[..rest.find(" +0000]").unwrap()].split_once("/May/2015:").unwrap();
        (day.to_owned(), time.to_owned())
    });
    lines.into_iter().map(str::to_owned).collect()
}

struct Reader<'a> {
    served: &'a RunningService,
    wire: Wire,
    token: String,
}

impl Reader<'_> {
    async fn stream(&mut self) -> Vec<String> {
        let answer = self.wire.get(&format!("{STREAM}?format=ndjson"), &self.token, &[]).await.unwrap();
        assert_eq!(answer.status(), 200, "{}", self.served.process.log());
        let body = whole(answer.into_body()).await;
        let text = std::str::from_utf8(&body).unwrap();
        text.lines().map(|line| message(&serde_json::from_str(line).unwrap())).collect()
    }

    async fn pages(&mut self, limit: usize) -> Vec<String> {
        let mut read = Vec::new();
        let mut target = format!("{STREAM}?from=head&limit={limit}");
        loop {
            let answer = self.wire.get(&target, &self.token, &[]).await.unwrap();
            assert_eq!(answer.status(), 200, "{}", self.served.process.log());
            let page: Value = serde_json::from_slice(&whole(answer.into_body()).await).unwrap();
            let events = page["events"].as_array().unwrap();
            assert!(events.len() <= limit);
            read.extend(events.iter().map(message));
            if page["stopReason"] == "end" {
                return read;
            }
            target = format!("/logs?limit={limit}&cursor={}", page["nextCursor"].as_str().unwrap());
        }
    }
}

fn message(event: &Value) -> String {
    event["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn ten_thousand_lines_come_out_as_they_went_in_also_after_a_kill() {
    let Some(log) = log() else {
        println!("skipped: the log is not here (LOGMARK_TEST_DATA)");
        return;
    };
    let lines = expected(&std::fs::read_to_string(&log).unwrap());
    assert_eq!(lines.len(), 10_000);
    let directory = ServiceDirectory::with_tenants(TLS, TENANTS);
    let certificate = write_certificate(directory.path());
    let into = ["import", "--group", "/web/semicomplete", "--stream", "prod"];
    let said = run(directory.path(), &[&into[..], &[log.to_str().unwrap()]].concat()).await;
    let report = "10000 events from 10000 lines into /web/semicomplete, stream prod\n  \
                  10000 with a time of their own (20/Nov/2026:10:00:00, as in access logs)\n";
    assert_eq!((said.code, said.err.as_str()), (0, report));
    let token = directory.issuer.token("shop", "logs:read:/web/*");
    for round in ["first", "after kill -9"] {
        let served = directory.serve().await;
        for alpn in ["http/1.1", "h2"] {
            let wire = Wire::secure(served.address, &certificate, &[alpn]).await.unwrap();
            let mut reader = Reader { served: &served, wire, token: token.clone() };
            // Not assert_eq: a difference would print all of it.
            assert!(reader.stream().await == lines, "as a stream over {alpn}, {round}");
        }
        let wire = Wire::secure(served.address, &certificate, &["http/1.1"]).await.unwrap();
        let mut reader = Reader { served: &served, wire, token: token.clone() };
        assert!(reader.pages(7).await == lines, "as pages of 7, {round}");
        served.process.kill().await;
    }
}
