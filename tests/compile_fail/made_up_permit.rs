//! A handler that makes its own leave.

use logmark::auth::permit::Permit;
use logmark::domain::name::TenantId;
use logmark::domain::operation::ListGroups;

fn with_a_literal(tenant: TenantId) -> Permit<ListGroups> {
    Permit { op: ListGroups { prefix: None }, tenant, subject: String::new(), groups: Vec::new(), streams: None, why: None }
}

fn with_the_constructor(tenant: TenantId) -> Permit<ListGroups> {
    Permit::grant(ListGroups { prefix: None }, tenant, String::new(), Vec::new(), None, None)
}

fn main() {}
