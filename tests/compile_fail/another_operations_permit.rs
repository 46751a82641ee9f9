//! A handler with a permit for another operation.

use logmark::auth::permit::Permit;
use logmark::domain::event::{Direction, PageRequest, Priority};
use logmark::domain::operation::DescribeGroup;
use logmark::sources::Source;

pub async fn handler(source: &dyn Source, permit: Permit<DescribeGroup>) {
    let page = PageRequest { position: None, direction: Direction::Forward, limit: 1, max_bytes: 1, priority: Priority::Requested };
    let _events = source.read_stream(&permit, &page).await; //~ E0308
}
