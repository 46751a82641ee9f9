//! `[tenants] directory`: a file for each tenant.

use std::path::{Path, PathBuf};

use super::world_with;
use crate::world::binary::{ServiceDirectory, run};
use crate::world::{Options, World};

const DIRECTORY: &str =
    "[tenants]\ndirectory = \"tenants.d\"\n[tenant_template]\ngroups = [\"/customers/{tenant}/*\"]\nactions = [\"read\"]\n";

fn grant(group: &str) -> String {
    format!("[[grants]]\ngroups = [\"{group}\"]\nactions = [\"read\", \"tail\"]\n")
}

fn put(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    logmark::files::replace(&path, text.as_bytes(), logmark::files::PUBLIC).unwrap();
    path
}

async fn world(files: &[(&str, String)]) -> (World, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let tenants = folder.path().join("tenants.d");
    std::fs::create_dir(&tenants).unwrap();
    for (name, text) in files {
        put(&tenants, name, text);
    }
    let world = world_with(Options { tenants: Some(DIRECTORY.to_owned()), folder: Some(folder), ..Options::default() }).await;
    (world, tenants)
}

#[tokio::test]
async fn tenants_come_change_and_go_with_their_files() {
    let (world, tenants) = world(&[("acme.toml", format!("weight = 2\nlimits = {{ tails = 3 }}\n{}", grant("/acme/*")))]).await;
    let (acme, globex) = (world.tenant("acme"), world.tenant("globex"));
    assert_eq!(acme.get("/logs/:acme:api/s").await.status, 200);
    assert_eq!(acme.get("/me").await.json()["limits"]["tails"], 3);
    let explained = acme.get("/me/explain?action=read&group=/acme/api").await.text();
    assert!(explained.contains("tenants.acme.grants[0]"), "{explained}");
    assert_eq!(globex.get("/logs/:globex:api/s").await.status, 404);

    let path = put(&tenants, "globex.toml", &grant("/globex/*"));
    world.generation(2).await;
    assert_eq!(globex.get("/logs/:globex:api/s").await.status, 200);
    let mut tail = crate::world::tail::Tail::open(&globex, "/logs/:globex:api?follow=true").await;

    put(&tenants, "acme.toml", &grant("/acme/other"));
    world.generation(3).await;
    assert_eq!(acme.get("/logs/:acme:api/s").await.status, 404);
    assert_eq!(globex.get("/logs/:globex:api/s").await.status, 200);

    std::fs::remove_file(path).unwrap();
    world.generation(4).await;
    assert_eq!(globex.get("/logs/:globex:api/s").await.status, 404);
    let frame = tail.next().await.unwrap();
    assert_eq!((frame.kind.as_str(), &frame.data["code"]), ("error", &"not_found".into()));
}

/// Other entries beside the tenants' files: editors' copies and the links of a ConfigMap are skipped. Everything else is an
/// error, because a tenant whose file is overlooked would get the template's grants.
#[tokio::test]
async fn other_files_are_left_out_or_refused_by_their_names() {
    let (world, tenants) = world(&[("acme.toml", grant("/acme/*"))]).await;
    for name in [".acme.toml.swp", "acme.toml~", "#acme.toml#", ".#acme.toml", "acme.toml.bak", "acme.toml.new", ".hidden.toml"] {
        put(&tenants, name, "not a tenant");
    }
    world.request_reload();
    for (name, expected) in [
        ("globex.tom", "is not a tenant's file: name it after the tenant"),
        ("README.md", "is not a tenant's file"),
        ("a b.toml", "the name before `.toml` is not a tenant id"),
        (".toml", ""),
        ("a\u{e9}.toml", "the name before `.toml` is not a tenant id"),
    ] {
        let path = put(&tenants, name, &grant("/x"));
        world.request_reload();
        if !expected.is_empty() {
            let errors = world.refusal().await;
            assert!(errors.len() == 1 && errors[0].contains(name) && errors[0].contains(expected), "{name}: {errors:?}");
        }
        std::fs::remove_file(path).unwrap();
        world.request_reload();
        while world.config_report().await.get("errors").is_some() {}
    }
    assert_eq!(world.config_report().await["generation"], 1);
    std::fs::create_dir(tenants.join("sub.toml")).unwrap();
    let errors = world.refusal().await;
    assert!(errors[0].contains("sub.toml` is not a file"), "{errors:?}");
}

#[tokio::test]
async fn a_wrong_file_is_named_with_its_line_and_nothing_of_the_others_is_used() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, tenants) = world(&[("acme.toml", grant("/acme/*"))]).await;
    let mode = |mode| move |path: &Path| std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    let as_written = |_: &Path| {};
    /// A written file by name and content, the action on it after that, and the error.
    type Case<'a> = (&'a str, String, &'a dyn Fn(&Path), &'a str);
    let cases: [Case<'_>; 8] = [
        ("globex.toml", format!("wait = 1\n{}", grant("/x")), &as_written, "globex.toml:1:1: tenants.globex.wait: unknown key"),
        ("globex.toml", "\n\ngrants = 1".to_owned(), &as_written, "globex.toml:3:10: tenants.globex.grants: must be an array"),
        ("globex.toml", "[[grants]]\ngroups = [\"/x\"".to_owned(), &as_written, "globex.toml:2:"),
        ("globex.toml", String::new(), &as_written, "globex.toml: is empty"),
        ("globex.toml", "[tenants.globex]\n".to_owned(), &as_written, "tenants.globex.tenants: unknown key"),
        ("globex.toml", grant("/x"), &mode(0o666), "globex.toml` can be changed by its group or by others (mode 666)"),
        ("logmark.toml", grant("/groups/*"), &mode(0o644), "logmark.toml: the name before `.toml` is reserved"),
        ("globex.toml", format!("# {}\n{}", "x".repeat(1 << 20), grant("/x")), &as_written, "globex.toml: is larger than 1 MiB"),
    ];
    for (name, text, change, expected) in cases {
        put(&tenants, "initech.toml", &grant("/globex/*"));
        let path = put(&tenants, name, &text);
        change(&path);
        world.request_reload();
        let errors = world.refusal().await;
        assert!(errors.iter().any(|error| error.contains(expected)), "{expected}: {errors:?}");
        assert_eq!(world.tenant("initech").get("/logs/:globex:api/s").await.status, 404, "{expected}");
        assert_eq!(world.tenant("acme").get("/logs/:acme:api/s").await.status, 200);
        std::fs::remove_file(path).unwrap();
        std::fs::remove_file(tenants.join("initech.toml")).unwrap();
        world.request_reload();
        while world.config_report().await.get("errors").is_some() {}
    }
}

#[tokio::test]
async fn a_folder_that_is_gone_or_open_to_others_is_refused() {
    use std::os::unix::fs::PermissionsExt as _;
    let (world, tenants) = world(&[("acme.toml", grant("/acme/*"))]).await;
    std::fs::set_permissions(&tenants, std::fs::Permissions::from_mode(0o777)).unwrap();
    world.request_reload();
    let errors = world.refusal().await;
    assert!(
        errors[0].contains("tenants.d") && errors[0].contains("can be changed by its group or by others (mode 777)"),
        "{errors:?}"
    );
    std::fs::set_permissions(&tenants, std::fs::Permissions::from_mode(0o755)).unwrap();
    world.request_reload();
    while world.config_report().await.get("errors").is_some() {}
    let away = world.folder.path().join("away");
    std::fs::rename(&tenants, &away).unwrap();
    let errors = world.refusal().await;
    assert!(errors[0].contains("tenants.d` does not exist"), "{errors:?}");
    assert_eq!(world.tenant("acme").get("/logs/:acme:api/s").await.status, 200, "the tenants stay");
    std::fs::rename(&away, &tenants).unwrap();
    while world.config_report().await.get("errors").is_some() {}
}

/// In a mounted ConfigMap, every file is a link through `..data`.
#[tokio::test]
async fn a_mounted_config_map_is_read_and_read_again_when_its_link_changes() {
    let folder = tempfile::tempdir().unwrap();
    let tenants = folder.path().join("tenants.d");
    for (version, group) in [("..1", "/globex/*"), ("..2", "/acme/*")] {
        std::fs::create_dir_all(tenants.join(version)).unwrap();
        put(&tenants.join(version), "acme.toml", &grant(group));
    }
    std::os::unix::fs::symlink("..1", tenants.join("..data")).unwrap();
    std::os::unix::fs::symlink("..data/acme.toml", tenants.join("acme.toml")).unwrap();
    let world = world_with(Options { tenants: Some(DIRECTORY.to_owned()), folder: Some(folder), ..Options::default() }).await;
    let acme = world.tenant("acme");
    assert_eq!(acme.get("/logs/:acme:api/s").await.status, 404);
    std::os::unix::fs::symlink("..2", tenants.join("..data_tmp")).unwrap();
    std::fs::rename(tenants.join("..data_tmp"), tenants.join("..data")).unwrap();
    world.generation(2).await;
    assert_eq!(acme.get("/logs/:acme:api/s").await.status, 200);
}

#[tokio::test]
async fn check_reports_all_files_and_a_tenant_of_two_places_and_one_that_is_named_directory() {
    let with = |tenants: &str| {
        let directory = ServiceDirectory::with_tenants("", tenants);
        std::fs::create_dir(directory.path().join("tenants.d")).unwrap();
        directory
    };
    let check = async |directory: &ServiceDirectory| run(directory.path(), &["check"]).await;
    let directory = with(
        "[tenants]\ndirectory = \"tenants.d\"\n[tenants.acme]\n[[tenants.acme.grants]]\ngroups = [\"/a\"]\nactions = [\"read\"]\n",
    );
    put(&directory.path().join("tenants.d"), "acme.toml", &grant("/acme/*"));
    for number in 0..30 {
        put(&directory.path().join("tenants.d"), &format!("t{number}.toml"), "weight = 0\n");
    }
    let said = check(&directory).await;
    assert_eq!(said.code, 64);
    assert!(said.err.contains("tenants.acme: is also in `tenants.d/acme.toml`: remove one of the two"), "{}", said.err);
    for number in 0..30 {
        let place = format!("tenants.d/t{number}.toml:1:10: tenants.t{number}.weight: ");
        assert_eq!(said.err.matches(&place).count(), 1, "{place}\n{}", said.err);
    }

    // A table is the section of a tenant; a text is the folder. A tenant with this name has a file in it.
    let directory = with("[tenants.directory]\n[[tenants.directory.grants]]\ngroups = [\"/a\"]\nactions = [\"read\"]\n");
    assert!(check(&directory).await.out.contains("tenant directory"));
    let directory = with("[tenants]\ndirectory = \"tenants.d\"\n");
    put(&directory.path().join("tenants.d"), "directory.toml", &grant("/a"));
    let said = check(&directory).await;
    assert!(said.out.contains("tenant directory"), "{}{}", said.out, said.err);
    for (wrong, expected) in [
        ("1", "tenants.directory: must be a string"),
        ("\"\"", "tenants.directory: is not a path"),
        ("\"none.d\"", "none.d` does not exist"),
    ] {
        let directory = with(&format!("[tenants]\ndirectory = {wrong}\n"));
        let said = check(&directory).await;
        assert!(said.code == 64 && said.err.contains(expected), "{wrong}: {}", said.err);
    }
}
