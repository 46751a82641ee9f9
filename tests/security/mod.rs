//! Attacks: requests that must never succeed, without a token, as another tenant, with altered data, and on the wire.

pub mod support;
mod raw;
mod hosts;
mod denials;
mod coverage;
mod tenancy;
mod timing;
mod two_worlds;
mod handles;
mod oracle;
mod model;
mod cursors;
mod queries;
mod tokens_http;
mod canaries;
mod wire;
mod odd_input;
mod compile_fail;
