//! Changed files are detected without a signal, however the file is replaced.

use std::path::Path;

use super::{TENANTS, world, world_with};
use crate::world::{Options, write_private};

const KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const OTHER_KEY: &str = "HxAREhMUFRYXGBkaGxwdHgABAgMEBQYHCAkKCwwNDg8=";
const GLOBEX: &str = "/logs/:globex:api/s";

/// Grants acme the group of globex, or removes the grant.
fn text(path: &Path, shares: bool) -> String {
    let text = std::fs::read_to_string(path).unwrap().replace("\"/acme/*\", \"/globex/*\"", "\"/acme/*\"");
    if shares { text.replace("\"/acme/*\"", "\"/acme/*\", \"/globex/*\"") } else { text }
}

#[tokio::test]
async fn a_file_that_is_written_or_renamed_or_linked_is_read_without_a_signal() {
    let world = world().await;
    let acme = world.tenant("acme");
    let path = world.config_path();
    let mut generation = 1;
    let mut applied = async |shares: bool| {
        generation += 1;
        world.generation(generation).await;
        assert_eq!(acme.get(GLOBEX).await.status.as_u16(), if shares { 200 } else { 404 });
    };
    assert_eq!(acme.get(GLOBEX).await.status, 404);

    let other = world.folder.path().join("logmark.toml.next");
    std::fs::write(&other, text(&path, true)).unwrap();
    std::fs::rename(&other, &path).unwrap();
    applied(true).await;

    std::fs::write(&path, text(&path, false)).unwrap();
    applied(false).await;

    // In a mounted ConfigMap, the file is a link into a folder that is a link itself, and only that link changes.
    for (version, shares) in [("..1", true), ("..2", false)] {
        let folder = world.folder.path().join(version);
        std::fs::create_dir(&folder).unwrap();
        std::fs::write(folder.join("logmark.toml"), text(&path, shares)).unwrap();
    }
    let data = world.folder.path().join("..data");
    std::os::unix::fs::symlink("..1", &data).unwrap();
    std::fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink("..data/logmark.toml", &path).unwrap();
    applied(true).await;
    let next = world.folder.path().join("..data_tmp");
    std::os::unix::fs::symlink("..2", &next).unwrap();
    std::fs::rename(&next, &data).unwrap();
    applied(false).await;
}

/// Editors, and copies over a slow network, write a file in parts. A part that is a valid configuration must not be used.
#[tokio::test]
async fn a_file_that_is_being_written_is_read_at_its_end() {
    use std::io::Write as _;
    let world = world().await;
    let path = world.config_path();
    let whole = text(&path, true);
    // The first part ends before the tenants: with it, no tenant may read anything.
    let (first, rest) = whole.split_at(whole.find("[tenants.acme]").unwrap());
    let mut file = std::fs::File::create(&path).unwrap();
    file.write_all(first.as_bytes()).unwrap();
    for piece in rest.as_bytes().chunks(rest.len() / 20 + 1) {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        file.write_all(piece).unwrap();
        assert_eq!(world.tenant("globex").get(GLOBEX).await.status, 200, "a part is in use");
    }
    drop(file);
    world.generation(2).await;
    assert_eq!(world.tenant("acme").get(GLOBEX).await.status, 200);
}

#[tokio::test]
async fn a_deleted_file_changes_nothing_and_its_return_is_read() {
    let world = world().await;
    let path = world.config_path();
    let whole = text(&path, true);
    std::fs::remove_file(&path).unwrap();
    let errors = world.refusal().await;
    assert!(errors[0].contains("logmark.toml` does not exist"), "{errors:?}");
    assert_eq!(world.tenant("globex").get(GLOBEX).await.status, 200);
    std::fs::write(&path, whole).unwrap();
    world.generation(2).await;
    assert_eq!(world.tenant("acme").get(GLOBEX).await.status, 200);
    assert!(world.config_report().await.get("errors").is_none());
}

/// A cursor key in a file: a cursor of the former key opens while the key is listed, and ends with it.
#[tokio::test]
async fn cursor_keys_rotate_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    write_private(&folder.path().join("key-1"), KEY);
    write_private(&folder.path().join("key-2"), OTHER_KEY);
    let server = "cursor_keys = [\"file:key-1\"]\n".to_owned();
    let world = world_with(Options { server, folder: Some(folder), ..Options::default() }).await;
    let acme = world.tenant("acme");
    let cursor = async || {
        let page = acme.get("/logs/:acme:api/s?start=0&limit=1").await.json();
        page["nextCursor"].as_str().unwrap().to_owned()
    };
    let status = async |cursor: &str| acme.get(&format!("/logs?cursor={cursor}")).await.status.as_u16();
    let first = cursor().await;
    world.edit("[\"file:key-1\"]", "[\"file:key-2\", \"file:key-1\"]");
    world.generation(2).await;
    let second = cursor().await;
    assert_eq!((status(&first).await, status(&second).await), (200, 200));
    world.edit("[\"file:key-2\", \"file:key-1\"]", "[\"file:key-2\"]");
    world.generation(3).await;
    assert_eq!((status(&first).await, status(&second).await), (400, 200));
    // The same path with another key in the file.
    write_private(&world.folder.path().join("key-2"), KEY);
    world.generation(4).await;
    assert_eq!((status(&first).await, status(&second).await), (200, 400));
}

#[tokio::test]
async fn a_request_reads_the_file_at_once_and_an_unchanged_one_changes_nothing() {
    let world = world().await;
    std::fs::write(world.config_path(), format!("# a comment\n{}", text(&world.config_path(), false))).unwrap();
    world.request_reload();
    let unchanged = async || {
        let metrics = world.operator().get("/metrics").await.text();
        metrics
            .lines()
            .any(|line| line.starts_with("logmark_config_reloads_total{outcome=\"unchanged\"}") && !line.ends_with(" 0"))
    };
    while !unchanged().await {}
    assert_eq!(world.config_report().await["generation"], 1);
    world.edit("groups = [\"/customers/{tenant}/*\"]", "groups = [\"/clients/{tenant}/*\"]");
    assert_eq!(world.tenant("initech").get("/logs/:customers:initech:api/s").await.status, 200);
    world.request_reload();
    world.generation(2).await;
    assert_eq!(world.tenant("initech").get("/logs/:customers:initech:api/s").await.status, 404);
    assert!(TENANTS.contains("customers"));
}
