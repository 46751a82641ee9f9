//! The operations that only the operator's key may use; all other keys are refused.

use std::sync::Arc;

use logmark::auth::reserved::is_reserved;
use logmark::auth::tenant::Scope;
use logmark::auth::{operator, policy};
use logmark::domain::name::{LogGroupName, SourceName};
use logmark::domain::operation::Action;
use logmark::domain::time::Millis;
use logmark::domain::write_operations::DeleteGroup;

#[test]
fn the_operator_may_write_in_its_source_and_nowhere_else() {
    let source = |name: &str| SourceName::try_from(name).unwrap();
    let caller = operator::caller("AKID", &source("disk")).unwrap();
    assert!(is_reserved(&caller.tenant.id), "no token can name the operator's tenant");
    let delete = |name| DeleteGroup { source: source(name), group: LogGroupName::try_from("/acme/api").unwrap() };
    assert!(policy::authorize(&caller, delete("disk"), Millis(0)).is_ok());
    assert!(policy::authorize(&caller, delete("eu"), Millis(0)).is_err());
}

#[test]
fn no_scope_of_a_token_gives_leave_to_write() {
    let claim = Arc::from("scope");
    assert!(!Scope::parse("logs:*:*", &claim).unwrap().allows(Action::Write));
    assert!(Scope::parse("logs:write:*", &claim).is_err());
    assert!("write".parse::<Action>().is_err(), "the configuration cannot grant it");
    assert!(Action::ALL.into_iter().all(|action| !action.implies(Action::Write)));
}
