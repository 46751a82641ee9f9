//! Calls to AWS: credentials, signatures, endpoints, the two services that can store the configuration, and API Gateway's usage plans.
//!
//! Owns what every call to AWS needs. Except for [`document`] and [`usage_plans`] it never knows what a call is for:
//! [`crate::sources::cloudwatch`] reads logs.

pub mod endpoint;
pub mod credentials;
pub mod signer;
pub mod json_call;
pub mod sdk;
pub mod document;
pub mod usage_plans;
