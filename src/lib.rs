//! Logmark gives customers their own logs over HTTPS: a JWT in, what that tenant may see of CloudWatch Logs out.
//!
//! The modules in reading order: [`domain`] (the words), [`auth`] (who may what), [`aws`] (how AWS is spoken to), [`sources`]
//! (where logs are), [`reports`] (what access logs tell), [`http`] (how they are asked for), [`aws_protocol`] (how AWS's own clients ask for them), [`config`] (how it
//! is set up), [`telemetry`] (what it says of itself),
//! [`cli`] (how it is started). `docs/ARCHITECTURE.md` walks a request through them.

pub mod domain;
pub mod auth;
pub mod aws;
pub mod limits;
pub mod sources;
pub mod reports;
pub mod http;
pub mod aws_protocol;
pub mod config;
pub mod telemetry;
pub mod files;
pub mod outbound;
pub mod service;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod cli;

/// Was the process started by AWS Lambda? It then has the address of the Runtime API.
#[must_use]
pub fn on_lambda() -> bool {
    std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_some()
}
#[cfg(test)]
mod test_world;
