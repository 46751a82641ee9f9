//! Helpers of the integration tests that unit tests use too.

#[path = "../tests/world/python.rs"]
pub(crate) mod python;
#[path = "../tests/world/small_http.rs"]
pub(crate) mod small_http;
