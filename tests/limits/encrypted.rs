//! A store over TLS (`rediss://`): its certificate is checked before anything is sent, and a wrong one is as if the store were away.

use std::path::Path;

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};

use super::replicas::replica_with;
use super::store_away::{check, open_all, until};
use crate::world::binary::run_with;
use crate::world::redis_server::RedisServer;
use crate::world::write_private;

/// A certificate authority with its certificate in `ca.pem` of the folder.
struct Authority(Issuer<'static, KeyPair>);

impl Authority {
    fn new(folder: &Path) -> Self {
        let (mut params, key) = (CertificateParams::default(), KeyPair::generate().unwrap());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        std::fs::write(folder.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        Self(Issuer::new(params, key))
    }

    /// Writes the certificate and the key of a server with this name.
    fn certify(&self, folder: &Path, name: &str, year_of_end: i32) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(year_of_end, 1, 1);
        let key = KeyPair::generate().unwrap();
        std::fs::write(folder.join("cert.pem"), params.signed_by(&key, &self.0).unwrap().pem()).unwrap();
        write_private(&folder.join("key.pem"), &key.serialize_pem());
    }
}

fn section(scheme: &str, port: u16, ca: Option<&Path>) -> String {
    let ca = ca.map(|folder| format!("ca = \"{}\"\n", folder.join("ca.pem").display())).unwrap_or_default();
    format!("store = \"{scheme}://localhost:{port}\"\n{ca}timeout = \"5s\"")
}

/// `logmark check --online` of a configuration with this section: the line about the store.
async fn checked(section: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    crate::world::tokens::Issuer::new(folder.path());
    let text = format!(
        "[[auth.issuers]]\nissuer = \"test\"\naudiences = [\"logmark\"]\nalgorithms = [\"ES256\"]\nkeys = \"file:issuer.jwks.json\"\n\
         [[sources]]\nname = \"disk\"\nkind = \"local\"\npath = \"store\"\n[tenants.acme]\n[limits]\n{section}\n"
    );
    std::fs::write(folder.path().join("logmark.toml"), text).unwrap();
    let said = run_with(folder.path(), &["check", "--online"], &[]).await;
    let line = said.out.lines().find(|line| line.contains("limit store"));
    let line = line.unwrap_or_else(|| panic!("{}\n{}", said.out, said.err)).to_owned();
    assert_eq!(said.code == 0, line.starts_with("ok "), "{line}");
    line
}

#[tokio::test]
async fn replicas_share_limits_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    Authority::new(folder.path()).certify(folder.path(), "localhost", 2099);
    let server = RedisServer::start_tls(folder.path());
    let section = section("rediss", server.port, Some(folder.path()));
    let (one, two) = (replica_with(&section, "tails = 3").await, replica_with(&section, "tails = 3").await);
    for world in [&one, &two] {
        super::put(world, 1, 10).await;
        until(world, true).await;
    }
    let of_one = open_all(&one).await;
    assert_eq!((of_one.len(), open_all(&two).await.len()), (3, 0));
    let line = checked(&section).await;
    assert!(line.starts_with("ok      limit store rediss://localhost:") && line.contains("takes writes"), "{line}");
}

#[tokio::test]
async fn a_store_with_a_wrong_certificate_gets_nothing_and_the_local_share_applies() {
    let (right, other, short) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (authority, _other) = (Authority::new(right.path()), Authority::new(other.path()));
    std::fs::copy(right.path().join("ca.pem"), short.path().join("ca.pem")).unwrap();
    authority.certify(right.path(), "other-host", 2099);
    authority.certify(short.path(), "localhost", 2021);
    let (of_other_name, expired) = (RedisServer::start_tls(right.path()), RedisServer::start_tls(short.path()));
    let cases = [
        ("the certificate is for another name", section("rediss", of_other_name.port, Some(right.path())), "is not trusted"),
        ("of another authority", section("rediss", expired.port, Some(other.path())), "TLS"),
        ("of no public authority", section("rediss", of_other_name.port, None), "is not trusted"),
        ("the certificate has expired", section("rediss", expired.port, Some(short.path())), "is not valid at this time"),
    ];
    for (name, section, expected) in cases {
        let world = replica_with(&section, "tails = 4").await;
        super::put(&world, 1, 10).await;
        let state = loop {
            let state = check(&world).await;
            if !state["problem"].as_str().is_some_and(|problem| problem.contains("not connected yet")) {
                break state;
            }
        };
        assert_eq!(state["ok"], false, "{name}: {state}");
        assert!(state["problem"].as_str().unwrap().contains("TLS"), "{name}: {state}");
        assert_eq!(open_all(&world).await.len(), 2, "{name}: half of four");
        let line = checked(&section).await;
        assert!(line.starts_with("failed  ") && line.contains(expected), "{name}: {line}");
    }
}

#[tokio::test]
async fn plain_text_to_a_server_of_tls_fails_and_so_does_tls_to_one_of_plain_text() {
    let folder = tempfile::tempdir().unwrap();
    Authority::new(folder.path()).certify(folder.path(), "localhost", 2099);
    let (encrypted, plain) = (RedisServer::start_tls(folder.path()), RedisServer::start(&[]));
    for section in [section("redis", encrypted.port, None), section("rediss", plain.port, Some(folder.path()))] {
        let line = checked(&section).await;
        assert!(line.starts_with("failed  "), "{line}");
    }
}

#[tokio::test]
async fn a_check_says_why_a_store_refuses() {
    let server = RedisServer::start(&["--requirepass", "right"]);
    let section = format!("store = \"{}\"\ntimeout = \"5s\"", server.url());
    let line = checked(&section).await;
    assert!(line.contains("refused the user or the password") && line.contains("check `username` and `password`"), "{line}");
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let line = checked(&format!("store = \"redis://localhost:{closed}\"")).await;
    assert!(line.contains("could not connect") && line.contains("nothing listens there"), "{line}");
}
