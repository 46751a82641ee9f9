//! stub
use std::sync::Arc;
use crate::domain::name::TenantId;
/// Claims of a verified token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// iss
    pub issuer: String,
    /// sub
    pub subject: String,
    /// tenant
    pub tenant: TenantId,
    /// scopes
    pub scopes: Vec<GrantedScope>,
    /// exp, epoch seconds
    pub expires_at: i64,
    /// jti
    pub token_id: Option<String>,
}
/// A scope and the claim it stood in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrantedScope {
    /// claim name
    pub claim: Arc<str>,
    /// scope text
    pub value: String,
}
