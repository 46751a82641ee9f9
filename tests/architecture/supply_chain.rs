//! Checks `Cargo.lock` against the bans of `deny.toml`, without an advisory database.

use std::path::Path;
use std::process::Command;

use toml::{Table, Value};

fn read(name: &str) -> Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(name);
    std::fs::read_to_string(path).unwrap().parse().unwrap()
}

/// Major, minor and patch; a suffix (`-rc.1`, `+x`) counts as older, so that a person reviews it.
fn version(text: &str) -> [u64; 3] {
    let numbers = text.split(['-', '+']).next().unwrap().split('.');
    let mut version = [0; 3];
    for (place, number) in version.iter_mut().zip(numbers) {
        *place = number.parse().unwrap_or_else(|_| panic!("{text} is not a version"));
    }
    version
}

/// A ban: a crate, and the first version that is not banned; `None` bans every version.
#[derive(Debug, PartialEq)]
struct Ban {
    name: String,
    mended: Option<[u64; 3]>,
}

fn ban(entry: &Value) -> Ban {
    let text = entry["crate"].as_str().unwrap();
    assert!(!entry["reason"].as_str().unwrap().is_empty(), "{text} is banned without a reason");
    match text.split_once('@') {
        None => Ban { name: text.to_owned(), mended: None },
        Some((name, range)) => {
            let mended = range.strip_prefix('<').unwrap_or_else(|| panic!("{text}: only `@<version` is supported"));
            Ban { name: name.to_owned(), mended: Some(version(mended)) }
        }
    }
}

fn bans() -> Vec<Ban> {
    let deny = read("deny.toml");
    deny["bans"]["deny"].as_array().unwrap().iter().map(ban).collect()
}

/// Name, version and origin of all built packages.
fn packages() -> Vec<(String, String, Option<String>)> {
    let lock = read("Cargo.lock");
    let text = |package: &Value, name: &str| package.get(name).and_then(Value::as_str).map(str::to_owned);
    let packages = lock["package"].as_array().unwrap().iter();
    packages.map(|package| (text(package, "name").unwrap(), text(package, "version").unwrap(), text(package, "source"))).collect()
}

/// The packages that are built with this one, in any combination of features: a lock file also names optional dependencies that
/// no feature enables, such as `ring` of `rustls-webpki`. Only for the shipped targets, because packages of other targets may not
/// be downloaded.
fn users_of(package: &str) -> String {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--locked", "--workspace", "--all-features", "--edges=normal,build,dev"])
        .args(["--target=x86_64-unknown-linux-gnu", "--target=aarch64-unknown-linux-gnu"])
        .args(["--invert", package])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn nothing_that_is_banned_is_built() {
    let packages = packages();
    assert!(packages.len() > 100, "{}", packages.len());
    let bans = bans();
    for (name, locked, _) in &packages {
        for ban in bans.iter().filter(|ban| ban.name == *name) {
            match ban.mended {
                Some(mended) => assert!(version(locked) >= mended && !locked.contains('-'), "{name} {locked} is banned: {ban:?}"),
                None => assert_eq!(users_of(name), "", "{name} {locked} is banned and built"),
            }
        }
    }
    // A minimum version of a missing package has no effect: its name may be misspelt.
    for ban in bans.iter().filter(|ban| ban.mended.is_some()) {
        assert!(packages.iter().any(|(name, ..)| *name == ban.name), "{ban:?} concerns no locked package");
    }
}

/// The list may grow, but must keep these entries.
#[test]
fn the_bans_that_must_be_there_are_there() {
    let bans = bans();
    for (name, least) in [
        ("jsonwebtoken", Some("10.3.0")),
        ("h2", Some("0.4.16")),
        ("rustls", Some("0.23.18")),
        ("rustls-webpki", Some("0.103.13")),
        ("time", Some("0.3.47")),
        ("tracing-subscriber", Some("0.3.20")),
        ("hyper", Some("1.0.0")),
        ("rsa", None),
        ("ring", None),
        ("openssl", None),
        ("native-tls", None),
    ] {
        let found = bans.iter().find(|ban| ban.name == name).unwrap_or_else(|| panic!("{name} is no longer banned"));
        match (least, found.mended) {
            (Some(least), Some(mended)) => assert!(mended >= version(least), "{found:?}"),
            (_, mended) => assert_eq!(mended, least.map(version), "{name}"),
        }
    }
}

#[test]
fn everything_comes_from_the_registry_or_from_here() {
    for (name, _, source) in packages() {
        match source.as_deref() {
            None => assert!(name.starts_with("logmark"), "{name} is neither local nor from the registry"),
            Some(source) => assert_eq!(source, "registry+https://github.com/rust-lang/crates.io-index", "{name}"),
        }
    }
    let sources = &read("deny.toml")["sources"];
    for key in ["unknown-registry", "unknown-git"] {
        assert_eq!(sources[key].as_str(), Some("deny"), "{key}");
    }
}
