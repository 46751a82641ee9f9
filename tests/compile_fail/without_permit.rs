//! A handler without a permit.

use logmark::domain::event::{Direction, PageRequest, Priority};
use logmark::domain::operation::ReadStream;
use logmark::sources::Sources;

pub async fn handler(sources: Sources, op: ReadStream) {
    let page = PageRequest { position: None, direction: Direction::Forward, limit: 1, max_bytes: 1, priority: Priority::Requested };
    let (_, source) = sources.of(&op).unwrap(); //~ E0308
    let _events = source.read_stream(&op, &page).await; //~ E0308
}
