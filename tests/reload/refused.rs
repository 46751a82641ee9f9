//! Configurations that are refused: each changes nothing, and the reason is in the log, in `/readyz` and in metrics.

use super::{world, world_with};
use crate::world::{Options, write_private};

/// (replaced text, new text, an error that names it)
const WRONG: [(&str, &str, &str); 18] = [
    ("[tenants.acme]", "[tenants.acme", "invalid TOML"),
    ("[tenants.acme]", "\u{0}", "invalid TOML"),
    ("groups = [\"/acme/*\"]", "groups = []", "tenants.acme.grants[0].groups: is empty"),
    ("groups = [\"/acme/*\"]", "groops = [\"/acme/*\"]", "unknown key"),
    ("groups = [\"/acme/*\"]", "groups = [\"arn:aws:logs:x\"]", "is an ARN"),
    ("actions = [\"read\", \"query\", \"tail\"]", "actions = [\"*\"]", "is not allowed in a grant"),
    ("groups = [\"/acme/*\"]", "groups = [\"/acme/*\"]\nsource = \"other\"", "`other` is not a source"),
    ("audiences = [\"logmark\"]", "audiences = []", "audiences"),
    ("keys = \"file:issuer.jwks.json\"", "keys = \"file:missing.json\"", "missing.json` does not exist"),
    ("keys = \"file:issuer.jwks.json\"", "keys = \"file:logmark.toml\"", "auth.issuers `test`: keys"),
    ("algorithms = [\"ES256\"]", "algorithms = [\"none\"]", "none"),
    ("listen = \"127.0.0.1:0\"", "listen = \"127.0.0.1:1\"", "restart"),
    ("path = \"store\"", "path = \"other\"", "`sources` has changed"),
    ("name = \"disk\"", "name = \"disc\"", "`sources` has changed"),
    ("public_url = \"http://logs.test\"", "public_url = \"http://localhost\"", "`server.public_url` has changed"),
    ("public_url = \"http://logs.test\"", "cors_origins = [\"https://app.example.com\"]", "`server.cors_origins` has changed"),
    ("public_url = \"http://logs.test\"", "limits = { page_bytes = \"1MiB\" }", "`server.limits` has changed"),
    ("public_url = \"http://logs.test\"", "tls = { cert = \"no.pem\", key = \"no.pem\" }", "no.pem` does not exist"),
];

#[tokio::test]
async fn a_wrong_configuration_changes_nothing_and_names_its_errors() {
    let world = world().await;
    let right = std::fs::read_to_string(world.config_path()).unwrap();
    let (acme, globex) = (world.tenant("acme"), world.tenant("globex"));
    for (old, new, expected) in WRONG {
        // Each wrong file also contains a valid change, which must not be applied.
        let wrong = right.replace("groups = [\"/globex/*\"]", "groups = [\"/globex/*\", \"/acme/*\"]").replacen(old, new, 1);
        assert!(right.contains(old), "{old}");
        std::fs::write(world.config_path(), wrong).unwrap();
        world.request_reload();
        let errors = world.refusal().await;
        assert!(errors.iter().any(|error| error.contains(expected)), "{new}: {errors:?}");
        assert_eq!(acme.get("/logs/:acme:api/s").await.status, 200, "{new}");
        assert_eq!(globex.get("/logs/:acme:api/s").await.status, 404, "{new}");
        let body = world.operator().get("/readyz").await.json();
        assert_eq!((&body["status"], &body["configuration"]["generation"]), (&"ready".into(), &1.into()));
        let check = body["checks"].as_array().unwrap().iter().find(|check| check["name"] == "configuration").unwrap();
        assert_eq!(check["ok"], false);
        assert!(check["problem"].as_str().unwrap().starts_with("the changed configuration is not used: "), "{check}");
        std::fs::write(world.config_path(), &right).unwrap();
        world.request_reload();
        while world.config_report().await.get("errors").is_some() {}
    }
}

/// Metrics belong to the process, and this process runs services of other tests, so the test starts a separate one.
#[tokio::test]
async fn all_errors_are_told_at_once_and_counted() {
    let directory = crate::world::binary::ServiceDirectory::with_tenants("", super::TENANTS);
    let mut served = directory.serve().await;
    let operator = crate::world::client::Client::new(served.admin, None);
    let path = directory.path().join("logmark.toml");
    let right = std::fs::read_to_string(&path).unwrap();
    let wrong =
        right.replace("groups = [\"/acme/*\"]", "groups = []").replace("actions = [\"read\", \"tail\"]", "actions = [\"write\"]");
    std::fs::write(&path, wrong).unwrap();
    let log = served.process.wait_for_log("so nothing of it is used").await;
    assert!(log.contains("tenants.acme.grants[0].groups: is empty") && log.contains("tenants.globex.grants[0].actions"), "{log}");
    let metric = async |name: &str| {
        let text = operator.get("/metrics").await.text();
        let line = text.lines().find(|line| line.starts_with(&format!("{name} "))).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(metric("logmark_config_last_reload_successful").await, 0.0);
    assert_eq!(metric("logmark_config_reloads_total{outcome=\"refused\"}").await, 1.0);
    assert_eq!(metric("logmark_config_reloads_total{outcome=\"applied\"}").await, 0.0);
    assert_eq!(metric("logmark_config_generation").await, 1.0);
    let before = metric("logmark_config_last_reload_success_timestamp_seconds").await;
    // The same errors again are not repeated in the log.
    let lines = |log: &str| log.lines().filter(|line| line.contains("tenants.acme.grants[0].groups: is empty")).count();
    assert_eq!(lines(&served.process.log()), 1);
    served.process.signal("HUP").await;
    while metric("logmark_config_reloads_total{outcome=\"refused\"}").await < 2.0 {}
    assert_eq!(lines(&served.process.log()), 1);
    std::fs::write(&path, right.replace("groups = [\"/acme/*\"]", "groups = [\"/acme/*\", \"/x/*\"]")).unwrap();
    served.process.wait_for_log("the configuration was reloaded: generation 2, 2 tenants").await;
    assert_eq!(metric("logmark_config_last_reload_successful").await, 1.0);
    assert_eq!(metric("logmark_config_generation").await, 2.0);
    assert_eq!(metric("logmark_config_tenants").await, 2.0);
    assert!(metric("logmark_config_last_reload_success_timestamp_seconds").await > before);
}

#[tokio::test]
async fn a_key_file_that_others_can_change_is_refused_until_its_permissions_are_right() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("key"), "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=");
    let server = "cursor_keys = [\"file:key\"]\n".to_owned();
    let world = world_with(Options { server, folder: Some(folder), ..Options::default() }).await;
    let set_mode = |name: &str, mode| {
        std::fs::set_permissions(world.folder.path().join(name), std::fs::Permissions::from_mode(mode)).unwrap();
    };
    for name in ["key", "issuer.jwks.json", "logmark.toml"] {
        set_mode(name, 0o666);
        let errors = world.refusal().await;
        assert!(errors[0].contains(name) && errors[0].contains("by others"), "{name}: {errors:?}");
        set_mode(name, 0o600);
        while world.config_report().await.get("errors").is_some() {}
    }
}
