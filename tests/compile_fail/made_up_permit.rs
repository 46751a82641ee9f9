//! A handler that creates its own permit.

use logmark::auth::permit::{Permit, Share};
use logmark::domain::operation::ListGroups;

pub fn with_the_constructor(share: Share) -> Permit<ListGroups> {
    Permit::grant(ListGroups { prefix: None }, share, String::new(), Vec::new(), Vec::new(), None) //~ E0624
}
