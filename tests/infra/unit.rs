//! The systemd unit: its configuration is valid, and its credentials are read with the permissions that systemd sets.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::world::binary::run_with;

#[tokio::test]
async fn the_units_configuration_is_right_with_credentials_as_systemd_makes_them() {
    let folder = tempfile::tempdir().unwrap();
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(root.join("infra/systemd/logmark.toml")).unwrap();
    let here = folder.path().to_str().unwrap();
    std::fs::write(folder.path().join("logmark.toml"), text.replace("/run/credentials/logmark.service", here)).unwrap();
    let made = rcgen::generate_simple_self_signed(["logs.example.com".to_owned()]).unwrap();
    let key = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=".to_owned();
    for (name, content) in [("tls-cert", made.cert.pem()), ("tls-key", made.signing_key.serialize_pem()), ("cursor-key", key)] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        // With an access list for the service's user, whose mask is shown as the group bits.
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o440)).unwrap();
    }
    let check = async |variables: &[(&str, &str)]| run_with(folder.path(), &["check"], variables).await;
    let right = check(&[("CREDENTIALS_DIRECTORY", here)]).await;
    assert_eq!(right.code, 0, "{}", right.err);
    // Outside of the credentials directory, this mode is refused.
    for variables in [&[][..], &[("CREDENTIALS_DIRECTORY", "/run/credentials/other.service")]] {
        let wrong = check(variables).await;
        assert_eq!((wrong.code, wrong.err.contains("can be read by others (mode 440)")), (64, true), "{}", wrong.err);
    }
    std::fs::set_permissions(folder.path().join("cursor-key"), std::fs::Permissions::from_mode(0o444)).unwrap();
    assert_eq!(check(&[("CREDENTIALS_DIRECTORY", here)]).await.code, 64, "a world-readable file is refused there too");
}

/// `tests/reload/` tests the signal's effect.
#[test]
fn the_unit_reloads_with_the_signal_that_the_service_takes() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let unit = std::fs::read_to_string(root.join("infra/systemd/logmark.service")).unwrap();
    assert!(unit.lines().any(|line| line == "ExecReload=/bin/kill -HUP $MAINPID"), "{unit}");
}

/// With the variables of the Dockerfile, as Compose starts it.
#[tokio::test]
async fn the_images_configuration_is_right_with_the_images_variables() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let dockerfile = std::fs::read_to_string(root.join("infra/container/Dockerfile")).unwrap();
    let words = dockerfile.split_whitespace().filter(|word| word.starts_with("LOGMARK"));
    let mut variables: Vec<(&str, &str)> = words.filter_map(|word| word.split_once('=')).collect();
    assert_eq!(variables.len(), 3, "{variables:?}");
    variables.push(("LOGMARK_CURSOR_KEY", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="));
    let file = root.join("infra/container/logmark.toml");
    let folder = tempfile::tempdir().unwrap();
    let said = run_with(folder.path(), &["check", "--config", file.to_str().unwrap()], &variables).await;
    assert_eq!(said.code, 0, "{}", said.err);
    assert!(said.out.contains("0.0.0.0:8080") || said.err.contains("0.0.0.0:8080"), "{}\n{}", said.out, said.err);
}
