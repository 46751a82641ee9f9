//! A handler that makes its own leave.

use logmark::auth::permit::Permit;
use logmark::domain::name::TenantId;
use logmark::domain::operation::ListGroups;

pub fn with_the_constructor(tenant: TenantId) -> Permit<ListGroups> {
    Permit::grant(ListGroups { prefix: None }, tenant, String::new(), Vec::new(), None, None) //~ E0624
}
