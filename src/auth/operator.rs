//! The operator as a caller: the holder of an access key of the configuration.
//!
//! Owns what such a key may do: everything, in the one source that it belongs to. The decision is [`super::policy`]'s, as for every
//! other caller.

use std::sync::Arc;

use super::tenant::{Caller, Grant, Limits, Scope, Tenant};
use super::token::{Claims, RequirementsDigest};
use crate::domain::name::{NameError, SourceName, TenantId};
use crate::domain::operation::Action;
use crate::domain::pattern::Pattern;

/// Whose memory and calls the operator's requests count as. No token can name it: the id is reserved (see [`super::reserved`]).
const TENANT: &str = "logmark";
/// Stands for an issuer in audit lines.
const ISSUER: &str = "access keys";
const CLAIM: &str = "access key";
const EVERYTHING: &str = "*";

/// The caller of the access key with this id, for this source.
///
/// # Errors
/// Never: the names are constants and valid.
pub fn caller(access_key: &str, source: &SourceName) -> Result<Caller, NameError> {
    let actions = [Action::Read, Action::Query, Action::Tail, Action::Write];
    let (groups, claim) = (Pattern::try_from(EVERYTHING)?, Arc::from(CLAIM));
    let scope = |action| Scope { action: Some(action), groups: groups.clone(), claim: Arc::clone(&claim), claim_value: None };
    let id = TenantId::try_from(TENANT)?;
    let grant = Grant {
        rule: format!("the endpoint of source `{source}`"),
        source: source.clone(),
        groups: vec![groups.clone()],
        streams: None,
        actions: actions.to_vec(),
        rows: None,
        mask: None,
    };
    let claims = Claims {
        issuer: ISSUER.to_owned(),
        subject: access_key.to_owned(),
        tenant: id.clone(),
        scopes: Vec::new(),
        expires_at: i64::MAX,
        token_id: None,
        requirements: RequirementsDigest::default(),
    };
    Ok(Caller {
        claims: Arc::new(claims),
        tenant: Arc::new(Tenant { id, weight: 1, limits: Limits::default(), grants: vec![grant] }),
        scopes: Arc::from(actions.map(scope)),
    })
}
