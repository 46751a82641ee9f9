//! The operator as a caller: whoever signs with an access key of the configuration.
//!
//! Owns what such a key may do: everything, in the one source that it belongs to. The decision is [`super::policy`]'s, as for every
//! other caller.

use std::sync::Arc;

use super::tenant::{Caller, Grant, Limits, Scope, Tenant};
use super::token::Claims;
use crate::domain::name::{NameError, SourceName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;

/// Whose memory and calls the operator's requests count as. No token can name it: the id is reserved (see [`super::reserved`]).
const TENANT: &str = "logmark";
/// Stands for an issuer in audit lines.
const ISSUER: &str = "access keys";
const CLAIM: &str = "access key";
const EVERYTHING: &str = "*";

/// The caller behind the access key with this id, of this source.
///
/// # Errors
/// Never: the names are constants, and are good ones.
pub fn caller(access_key: &str, source: &SourceName) -> Result<Caller, NameError> {
    let actions = [Action::Read, Action::Query, Action::Tail, Action::Write];
    let (groups, claim) = (Pattern::try_from(EVERYTHING)?, Arc::from(CLAIM));
    let scope = |action| Scope { action: Some(action), groups: groups.clone(), claim: Arc::clone(&claim) };
    let id = TenantId::try_from(TENANT)?;
    let grant = Grant {
        rule: format!("the endpoint of source `{source}`"),
        source: source.clone(),
        groups: vec![groups.clone()],
        streams: None,
        actions: actions.to_vec(),
    };
    let claims = Claims {
        issuer: ISSUER.to_owned(),
        subject: access_key.to_owned(),
        tenant: id.clone(),
        scopes: Vec::new(),
        expires_at: i64::MAX,
        token_id: None,
    };
    Ok(Caller {
        claims: Arc::new(claims),
        tenant: Arc::new(Tenant { id, weight: 1, limits: Limits::default(), grants: vec![grant] }),
        scopes: actions.map(scope).to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::policy;
    use crate::auth::reserved::is_reserved;
    use crate::domain::name::LogGroupName;
    use crate::domain::storing::DeleteGroup;
    use crate::domain::time::Millis;

    #[test]
    fn the_operator_may_write_in_its_source_and_nowhere_else() {
        let source = |name: &str| SourceName::try_from(name).unwrap();
        let caller = caller("AKID", &source("disk")).unwrap();
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
        assert!(!Action::Read.implies(Action::Write));
    }
}
