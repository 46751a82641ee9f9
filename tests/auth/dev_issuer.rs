//! The development issuer, from its key file to a verified token.

use logmark::auth::dev_issuer::{DevIssuer, DevIssuerError};

use crate::auth::support::{IssuerRules, KeySource, World, good_claims, rules};

#[tokio::test]
async fn its_tokens_verify_against_its_key_set() {
    let folder = tempfile::tempdir().unwrap();
    let (key, set) = (folder.path().join("dev.pem"), folder.path().join("dev.jwks.json"));
    let made = DevIssuer::load_or_create(&key).unwrap();
    let loaded = DevIssuer::load_or_create(&key).unwrap();
    assert_eq!(made.kid(), loaded.kid());
    assert_eq!(made.jwks(), loaded.jwks());
    assert!(!made.jwks().contains(r#""d""#));
    loaded.write_jwks(&set).unwrap();
    let world = World::with_rules(vec![IssuerRules { keys: KeySource::File(set), require_typ: true, ..rules() }]);
    for issuer in [&made, &loaded] {
        let claims = world.verify(&issuer.mint(&good_claims()).unwrap()).await.unwrap();
        assert_eq!(claims.tenant.as_str(), "acme");
    }
    assert!(matches!(made.mint(&"text"), Err(DevIssuerError::Claims)));
}

#[test]
fn its_key_file_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("dev.pem");
    DevIssuer::create(&path).unwrap();
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("-----BEGIN PRIVATE KEY-----\n") && text.lines().all(|line| line.len() <= 64));
    assert!(matches!(DevIssuer::create(&path), Err(DevIssuerError::File { .. })));
    assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
    std::fs::write(&path, text.replace("PRIVATE", "PUBLIC")).unwrap();
    assert!(matches!(DevIssuer::load(&path), Err(DevIssuerError::NotAKey(_))));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&path, text).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(DevIssuer::load(&path), Err(DevIssuerError::Exposed(_))));
    }
}
