//! A page is a snapshot, regardless of concurrent changes.

use super::{GROUP, STREAM, batch, everything, options};
use crate::disk::Disk;
use crate::{Direction, Store};

#[test]
fn a_page_does_not_see_what_comes_while_it_is_read() {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open_with(Disk::default(), directory.path(), &options(1 << 20)).unwrap();
    store.create_group(GROUP, 0).unwrap();
    store.create_stream(GROUP, STREAM, 0).unwrap();
    store.append_blocking(GROUP, STREAM, batch(1, 3), 0).unwrap();
    for (round, direction) in [Direction::Forward, Direction::Backward].into_iter().enumerate() {
        let mut request = everything();
        request.direction = direction;
        let before = store.read(&request).unwrap();
        let page = store.read_after(&request, || {
            let stream = format!("created meanwhile {round}");
            store.create_stream(GROUP, &stream, 0).unwrap();
            store.append_blocking(GROUP, &stream, batch(0, 3), 0).unwrap();
            store.append_blocking(GROUP, STREAM, batch(2, 3), 0).unwrap();
        });
        assert_eq!(page.unwrap(), before);
        let page = store.read_after(&request, || store.flush().unwrap()).unwrap();
        assert_eq!(page.events.len(), before.events.len() + 6);
        assert_eq!(page, store.read(&request).unwrap());
    }
}
