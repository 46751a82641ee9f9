//! `logmark import` while a service has the store open.

use crate::world::binary::run;
use crate::world::demo::Demo;

#[tokio::test]
async fn it_goes_through_the_endpoint_of_the_service_that_holds_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path()).await;
    // Older than PutLogEvents accepts, out of order, and more than one batch.
    let lines: String =
        (0..12_000).map(|number| format!("2020-01-01T00:{:02}:00Z line {number}\n", 59 - number / 200 % 60)).collect();
    std::fs::write(folder.path().join("old.log"), lines).unwrap();
    let import = ["import", "--config", "demo/logmark.toml", "--group", "/web/old", "--stream", "s", "old.log"];
    let said = run(folder.path(), &import).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.err.contains("a running service holds the store: importing through its endpoint, 127.0.0.1:"), "{}", said.err);
    let acme = demo.client("ACME");
    let exported = acme.get("/logs/:web:old?format=text&start=2019-01-01T00:00:00Z").await;
    assert_eq!(exported.text().lines().count(), 12_000);
    // A second time into the same stream.
    std::fs::write(folder.path().join("new.log"), "2020-01-02T00:00:00Z one more\n").unwrap();
    let again =
        run(folder.path(), &["import", "--config", "demo/logmark.toml", "--group", "/web/old", "--stream", "s", "new.log"]).await;
    assert_eq!(again.code, 0, "{}", again.err);
    assert_eq!(acme.get("/logs/:web:old/s?limit=1").await.messages(), ["2020-01-02T00:00:00Z one more"]);
}
