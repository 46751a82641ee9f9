//! A correct handler, which shows that the others fail only because of their permits.

use logmark::auth::permit::Permit;
use logmark::auth::policy;
use logmark::auth::tenant::Caller;
use logmark::domain::event::{Direction, PageRequest, Priority};
use logmark::domain::operation::ReadStream;
use logmark::domain::time::Millis;
use logmark::sources::Sources;

pub async fn handler(sources: Sources, caller: Caller, op: ReadStream) {
    let page = PageRequest { position: None, direction: Direction::Forward, limit: 1, max_bytes: 1, priority: Priority::Requested };
    let permit: Permit<ReadStream> = policy::authorize(&caller, op, Millis(0)).unwrap();
    let (_, source) = sources.of(&permit).unwrap();
    let _events = source.read_stream(&permit, &page).await;
}
