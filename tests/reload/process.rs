//! Reloads of the process: signals, the log level, the certificate.

use crate::cli::serve::{TLS, write_certificate};
use crate::cli::wire::Wire;
use crate::world::binary::ServiceDirectory;
use crate::world::client::Client;

fn edit(directory: &ServiceDirectory, old: &str, new: &str) {
    let path = directory.path().join("logmark.toml");
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.contains(old), "{old}");
    logmark::files::replace(&path, text.replacen(old, new, 1).as_bytes(), logmark::files::PUBLIC).unwrap();
}

#[tokio::test]
async fn sighup_reads_the_configuration_and_does_not_end_the_process() {
    let directory = ServiceDirectory::with_tenants("", super::TENANTS);
    directory.put("/globex/api", "s", [(1000, "one".to_owned())].into_iter());
    let mut served = directory.serve().await;
    let acme = Client::new(served.address, Some(directory.issuer.token("acme", "logs:*:*")));
    assert_eq!(acme.get("/logs/:globex:api/s").await.status, 404);
    served.process.signal("HUP").await;
    served.process.wait_for_log("the configuration was read again: nothing to apply").await;
    edit(&directory, "groups = [\"/acme/*\"]", "groups = [\"/acme/*\", \"/globex/*\"]");
    served.process.signal("HUP").await;
    served.process.wait_for_log("the configuration was reloaded: generation 2, 2 tenants").await;
    assert_eq!(acme.get("/logs/:globex:api/s").await.status, 200);
    // A request under way continues through any number of signals.
    for _ in 0..20 {
        served.process.signal("HUP").await;
        assert_eq!(acme.get("/logs/:globex:api/s").await.status, 200);
    }
    served.process.signal("TERM").await;
    assert_eq!(served.process.ended().await.code(), Some(0));
}

#[tokio::test]
async fn the_log_level_changes_without_a_restart() {
    let directory = ServiceDirectory::with_tenants("", "\n[telemetry]\nlog_level = \"warn\"\n");
    edit(&directory, "\"warn\"", "\"info\"");
    let mut served = directory.serve().await;
    let anonymous = Client::new(served.address, None);
    anonymous.get("/first").await;
    served.process.wait_for_log("none 404").await;
    edit(&directory, "log_level = \"info\"", "log_level = \"info,request=off\"");
    served.process.wait_for_log("the configuration was reloaded: generation 2").await;
    let before = served.process.log().matches("none 404").count();
    for _ in 0..5 {
        anonymous.get("/second").await;
    }
    edit(&directory, "log_level = \"info,request=off\"", "log_level = \"info\"");
    served.process.wait_for_log("the configuration was reloaded: generation 3").await;
    assert_eq!(served.process.log().matches("none 404").count(), before, "lines of the silenced target");
}

#[tokio::test]
async fn the_certificate_moves_to_other_files_without_a_restart() {
    let directory = ServiceDirectory::new(TLS);
    let first = write_certificate(directory.path());
    let served = directory.serve().await;
    let mut process = served.process;
    std::fs::create_dir(directory.path().join("next")).unwrap();
    let second = write_certificate(&directory.path().join("next"));
    assert!(Wire::secure(served.address, &first, &["h2"]).await.is_ok());
    edit(&directory, "cert = \"cert.pem\", key = \"key.pem\"", "cert = \"next/cert.pem\", key = \"next/key.pem\"");
    process.signal("HUP").await;
    process.wait_for_log("the configuration was reloaded: generation 2").await;
    assert!(Wire::secure(served.address, &second, &["h2"]).await.is_ok());
    assert!(Wire::secure(served.address, &first, &["h2"]).await.is_err());
    // The files of the new place are watched.
    let third = write_certificate(&directory.path().join("next"));
    process.wait_for_log("the certificate was reloaded").await;
    assert!(Wire::secure(served.address, &third, &["h2"]).await.is_ok());
    // A certificate that does not match its key is refused, and the active one stays.
    std::fs::create_dir(directory.path().join("wrong")).unwrap();
    write_certificate(&directory.path().join("wrong"));
    std::fs::copy(directory.path().join("next/cert.pem"), directory.path().join("wrong/cert.pem")).unwrap();
    edit(&directory, "cert = \"next/cert.pem\", key = \"next/key.pem\"", "cert = \"wrong/cert.pem\", key = \"wrong/key.pem\"");
    process.signal("HUP").await;
    process.wait_for_log("server.tls: ").await;
    assert!(Wire::secure(served.address, &third, &["h2"]).await.is_ok());
}
