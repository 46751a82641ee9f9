//! A handler that writes a permit literal, or changes a field of its permit.

use logmark::auth::permit::{Permit, Share};
use logmark::domain::operation::{ListGroups, ReadStream};

pub fn with_a_literal(share: Share) -> Permit<ListGroups> {
    let op = ListGroups { prefix: None };
    Permit { op, share, subject: String::new(), groups: Vec::new(), visible: Vec::new(), reason: None } //~ E0451
}

pub fn with_an_update(permit: Permit<ReadStream>, op: ReadStream) -> Permit<ReadStream> {
    Permit { op, ..permit } //~ E0451
}
