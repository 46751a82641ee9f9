//! Deleting groups and streams, tags, classes and documents: the state after each change, after a flush and after reopening.

use logmark_store::{AppendError, CatalogueError, GroupClass, ReadError, Store, StreamsQuery, Tags};

use super::world::{GROUP, STREAM, event, everything, messages, open};

fn tags(pairs: &[(&str, &str)]) -> Tags {
    pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
}

fn stream_names(store: &Store) -> Vec<String> {
    let by_name = StreamsQuery::ByName { prefix: "", after: None, order: logmark_store::Order::Ascending };
    store.streams(GROUP, by_name, 100).unwrap().into_iter().map(|stream| stream.name).collect()
}

#[test]
fn the_events_of_a_deleted_stream_are_gone_and_the_others_stay() {
    for flushed in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        store.create_stream(GROUP, "i-2", 2).unwrap();
        store.append_blocking(GROUP, STREAM, vec![event(1, "one"), event(3, "three")], 9).unwrap();
        store.append_blocking(GROUP, "i-2", vec![event(2, "two")], 9).unwrap();
        if flushed {
            store.flush().unwrap();
        }
        store.delete_stream(GROUP, STREAM).unwrap();
        let check = |store: &Store| {
            assert_eq!(messages(store), ["two"], "flushed before: {flushed}");
            assert_eq!(stream_names(store), ["i-2"]);
            assert!(matches!(store.delete_stream(GROUP, STREAM), Err(CatalogueError::StreamNotFound { .. })));
            let append = store.append_blocking(GROUP, STREAM, vec![event(4, "four")], 9);
            assert!(matches!(append, Err(AppendError::StreamNotFound { .. })));
        };
        check(&store);
        // Events of the deleted stream are flushed with the others, and add nothing to the figures.
        store.flush().unwrap();
        check(&store);
        assert_eq!(store.group(GROUP).unwrap().unwrap().stored_bytes, 3);
        drop(store);
        let store = Store::open(directory.path(), super::world::options()).unwrap();
        check(&store);
        store.create_stream(GROUP, STREAM, 5).unwrap();
        assert_eq!(messages(&store), ["two"], "a new stream of the same name begins empty");
    }
}

#[test]
fn a_group_of_a_deleted_groups_name_begins_empty() {
    for flushed in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let store = open(directory.path());
        store.change_tags(GROUP, &tags(&[("team", "a")]), &[]).unwrap();
        store.set_retention(GROUP, Some(3)).unwrap();
        store.append_blocking(GROUP, STREAM, vec![event(1, "one")], 9).unwrap();
        if flushed {
            store.flush().unwrap();
        }
        store.delete_group(GROUP).unwrap();
        assert!(matches!(store.delete_group(GROUP), Err(CatalogueError::GroupNotFound { .. })));
        assert!(matches!(store.read(&everything(GROUP)), Err(ReadError::GroupNotFound { .. })));
        assert_eq!(store.group(GROUP).unwrap(), None);
        store.create_group(GROUP, 7).unwrap();
        let check = |store: &Store| {
            assert!(messages(store).is_empty(), "flushed before: {flushed}");
            assert!(stream_names(store).is_empty());
            assert_eq!(store.tags(GROUP).unwrap(), Tags::new());
            let group = store.group(GROUP).unwrap().unwrap();
            assert_eq!((group.created_at, group.retention_days, group.stored_bytes), (7, None, 0));
        };
        store.flush().unwrap();
        check(&store);
        drop(store);
        check(&Store::open(directory.path(), super::world::options()).unwrap());
    }
}

#[test]
fn a_class_and_tags_outlive_the_process_and_fifty_tags_are_the_most() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.create_group_with("/rare", 1, GroupClass::InfrequentAccess, &tags(&[("a", "1"), ("b", "2")])).unwrap();
    store.change_tags("/rare", &tags(&[("c", "3")]), &["a".to_owned(), "not there".to_owned()]).unwrap();
    let many: Tags = (0..49).map(|number| (format!("k{number}"), String::new())).collect();
    assert!(matches!(store.change_tags("/rare", &many, &[]), Err(CatalogueError::TooManyTags { .. })));
    drop(store);
    let store = Store::open(directory.path(), super::world::options()).unwrap();
    assert_eq!(store.group("/rare").unwrap().unwrap().class, GroupClass::InfrequentAccess);
    assert_eq!(store.tags("/rare").unwrap(), tags(&[("b", "2"), ("c", "3")]));
    assert_eq!(store.tags(GROUP).unwrap(), Tags::new());
    assert!(matches!(store.tags("no"), Err(CatalogueError::GroupNotFound { .. })));
}

#[test]
fn documents_are_kept_by_kind_and_key_up_to_a_number() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(directory.path());
    store.put_document("query", "1", b"one", 2).unwrap();
    store.put_document("query", "2", b"two", 2).unwrap();
    store.put_document("query", "1", b"changed", 2).unwrap();
    store.put_document("other", "1", b"other", 2).unwrap();
    let full = store.put_document("query", "3", b"three", 2);
    assert!(matches!(full, Err(CatalogueError::TooManyDocuments { kind: "query", most: 2 })));
    assert!(!store.delete_document("query", "3").unwrap());
    drop(store);
    let store = Store::open(directory.path(), super::world::options()).unwrap();
    let found = [("1".to_owned(), b"changed".to_vec()), ("2".to_owned(), b"two".to_vec())];
    assert_eq!(store.documents("query").unwrap(), found);
    assert!(store.delete_document("query", "2").unwrap());
    assert_eq!(store.documents("query").unwrap().len(), 1);
    assert_eq!(store.documents("no").unwrap(), []);
}
