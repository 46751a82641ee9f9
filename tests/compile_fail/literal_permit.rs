//! A handler that writes its own leave down, or changes a part of what it has.

use logmark::auth::permit::Permit;
use logmark::domain::name::TenantId;
use logmark::domain::operation::{ListGroups, ReadStream};

pub fn with_a_literal(tenant: TenantId) -> Permit<ListGroups> {
    let op = ListGroups { prefix: None };
    Permit { op, tenant, subject: String::new(), groups: Vec::new(), streams: None, why: None } //~ E0451
}

pub fn with_an_update(permit: Permit<ReadStream>, op: ReadStream) -> Permit<ReadStream> {
    Permit { op, ..permit } //~ E0451
}
