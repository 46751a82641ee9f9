//! `logmark serve`: TLS, certificate reload, and shutdown without dropped requests.

use std::path::Path;
use std::time::Duration;

use rustls::pki_types::CertificateDer;
use tokio::time::Instant;

use super::wire::{Wire, count, whole};
use crate::world::binary::{ServiceDirectory, run};
use crate::world::client::Client;
use crate::world::write_private;

pub const TLS: &str = "tls = { cert = \"cert.pem\", key = \"key.pem\" }\n";

/// Writes a new certificate for `localhost` and its key.
pub fn write_certificate(folder: &Path) -> CertificateDer<'static> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    std::fs::write(folder.join("cert.pem"), made.cert.pem()).unwrap();
    write_private(&folder.join("key.pem"), &made.signing_key.serialize_pem());
    made.cert.der().clone()
}

fn lines(count: i64, bytes: usize) -> impl Iterator<Item = (i64, String)> {
    (0..count).map(move |i| (1_700_000_000_000 + i, format!("line {i} {}", "x".repeat(bytes))))
}

#[tokio::test]
async fn https_is_served_as_http_1_1_and_as_http_2_and_plain_http_is_not() {
    let directory = ServiceDirectory::new(TLS);
    let certificate = write_certificate(directory.path());
    directory.put("/acme/api", "s", lines(3, 10));
    let served = directory.serve().await;
    let token = directory.issuer.token("acme", "logs:read:*");
    for (offered, protocol) in
        [(&["h2", "http/1.1"][..], "HTTP/2"), (&["h2"], "HTTP/2"), (&["http/1.1"], "HTTP/1.1"), (&[], "HTTP/1.1")]
    {
        let mut wire = Wire::secure(served.address, &certificate, offered).await.unwrap();
        assert_eq!(wire.protocol(), protocol, "{offered:?}");
        for _again in 0..2 {
            let answer = wire.get("/logs/:acme:api/s?format=text", &token, &[]).await.unwrap();
            assert_eq!(answer.status(), 200);
            assert_eq!(answer.headers()["strict-transport-security"], "max-age=31536000");
            assert_eq!(count(answer.into_body(), async |_| ()).await.lines, 3);
        }
    }
    assert!(Wire::secure(served.address, &certificate, &["spdy/3"]).await.is_err(), "no protocol in common");
    let another = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    assert!(Wire::secure(served.address, another.cert.der(), &["h2"]).await.is_err(), "another certificate is not trusted");
    let mut plain = Wire::plain(served.address).await;
    assert!(plain.get("/me", &token, &[]).await.is_err(), "no plain HTTP on a TLS port");
}

#[tokio::test]
async fn a_new_certificate_is_taken_up_while_connections_stay_open_and_a_faulty_one_is_not() {
    let directory = ServiceDirectory::new(TLS);
    let first = write_certificate(directory.path());
    let mut served = directory.serve().await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let mut open = Wire::secure(served.address, &first, &["h2"]).await.unwrap();
    assert_eq!(open.get("/me", &token, &[]).await.unwrap().status(), 200);

    std::fs::write(directory.path().join("cert.pem"), "half a cert").unwrap();
    served.process.wait_for_log("the new certificate cannot be used, and the previous one stays in use").await;
    assert!(Wire::secure(served.address, &first, &["h2"]).await.is_ok());

    let second = write_certificate(directory.path());
    served.process.wait_for_log("the certificate was reloaded").await;
    assert!(Wire::secure(served.address, &first, &["h2"]).await.is_err());
    let mut fresh = Wire::secure(served.address, &second, &["h2"]).await.unwrap();
    for wire in [&mut open, &mut fresh] {
        assert_eq!(wire.get("/me", &token, &[]).await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn figures_tell_the_connections_of_the_public_listener_from_those_of_the_other() {
    let directory = ServiceDirectory::new("");
    let served = directory.serve().await;
    let token = directory.issuer.token("acme", "logs:read:*");
    let mut open = [Wire::plain(served.address).await, Wire::plain(served.address).await];
    for wire in &mut open {
        // After its response, the connection is counted.
        assert_eq!(wire.get("/me", &token, &[]).await.unwrap().status(), 200);
    }
    let figures = Client::new(served.admin, None).get("/metrics").await.text();
    let counted: Vec<&str> = figures.lines().filter(|line| line.starts_with("logmark_connections{")).collect();
    assert_eq!(counted.len(), 2, "{figures}");
    assert!(counted.contains(&"logmark_connections{listener=\"public\"} 2"), "{counted:?}");
    assert!(counted.contains(&"logmark_connections{listener=\"admin\"} 1"), "{counted:?}");
    drop(open);
}

#[tokio::test]
async fn at_sigterm_running_downloads_end_well_and_nothing_new_begins() {
    let directory = ServiceDirectory::new(TLS);
    let certificate = write_certificate(directory.path());
    directory.put("/acme/api", "s", lines(60_000, 1000));
    for offered in [["http/1.1"], ["h2"]] {
        let mut served = directory.serve().await;
        let token = directory.issuer.token("acme", "logs:read:*");
        let mut wire = Wire::secure(served.address, &certificate, &offered).await.unwrap();
        let mut idle = Wire::secure(served.address, &certificate, &offered).await.unwrap();
        assert_eq!(idle.get("/me", &token, &[]).await.unwrap().status(), 200);
        let answer = wire.get("/logs/:acme:api/s?format=ndjson", &token, &[]).await.unwrap();
        assert_eq!(answer.status(), 200);
        let operator = Client::new(served.admin, None);
        let mut told = false;
        let process = &served.process;
        let counted = count(answer.into_body(), async |bytes| {
            if bytes > 5_000_000 && !told {
                told = true;
                process.signal("TERM").await;
                let begun = Instant::now();
                while operator.get("/readyz").await.status != 503 {
                    assert!(begun.elapsed() < Duration::from_secs(5), "ready while draining");
                }
                assert_eq!(operator.get("/healthz").await.status, 200);
                while tokio::net::TcpStream::connect(served.address).await.is_ok() {
                    assert!(begun.elapsed() < Duration::from_secs(5), "new connections are still accepted");
                }
            }
        })
        .await;
        assert!(told);
        assert_eq!(counted.lines, 60_000, "{offered:?}");
        assert!(counted.trailers.contains_key("logmark-cursor"));
        served.process.wait_for_log("\"message\":\"stopped\"").await;
        assert_eq!(served.process.ended().await.code(), Some(0));
        assert!(idle.get("/me", &token, &[]).await.is_err());
    }
}

#[tokio::test]
async fn what_takes_too_long_to_end_is_cut_and_a_second_signal_ends_at_once() {
    let directory = ServiceDirectory::new("limits = { drain_timeout = \"4s\" }\n");
    directory.put("/acme/api", "s", lines(60_000, 1000));
    let token = directory.issuer.token("acme", "logs:read:*");
    let mut served = directory.serve().await;
    let mut wire = Wire::plain(served.address).await;
    // It makes progress, but does not end within the drain time. A request without progress is ended earlier.
    let slow = wire.get("/logs/:acme:api/s?format=text", &token, &[]).await.unwrap();
    let slow = tokio::spawn(count(slow.into_body(), async |_| tokio::time::sleep(Duration::from_millis(2)).await));
    served.process.signal("TERM").await;
    served.process.wait_for_log("the drain time has ended").await;
    assert_eq!(served.process.ended().await.code(), Some(0));
    slow.abort();

    let place_again = ServiceDirectory::new("");
    place_again.put("/acme/api", "s", lines(60_000, 1000));
    let token = place_again.issuer.token("acme", "logs:read:*");
    let mut served = place_again.serve().await;
    let mut wire = Wire::plain(served.address).await;
    let stuck = wire.get("/logs/:acme:api/s?format=text", &token, &[]).await.unwrap();
    let operator = Client::new(served.admin, None);
    served.process.signal("TERM").await;
    while operator.get("/readyz").await.status != 503 {}
    served.process.signal("TERM").await;
    assert_eq!(served.process.ended().await.code(), Some(130));
    drop(stuck);
}

#[tokio::test]
async fn what_keeps_it_from_starting_is_said_with_exit_code_1() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = ServiceDirectory::new("");
    let config = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&config).unwrap().replacen("127.0.0.1:0", &address, 1);
    std::fs::write(&config, text).unwrap();
    let said = run(directory.path(), &["serve"]).await;
    assert_eq!(said.code, 1);
    assert!(
        said.err.ends_with(&format!("logmark: can't start: {address}: Address already in use (os error 98)\n")),
        "{}",
        said.err
    );

    let directory = ServiceDirectory::new("");
    let first = directory.serve().await;
    let second = run(directory.path(), &["serve"]).await;
    assert_eq!(second.code, 1);
    let pid = first.process.pid();
    assert!(second.err.contains("source `disk`") && second.err.contains(&format!("in use by process {pid}")), "{}", second.err);
    assert_eq!(whole(Wire::plain(first.address).await.get("/openapi.json", "", &[]).await.unwrap().into_body()).await[0], b'{');
}
